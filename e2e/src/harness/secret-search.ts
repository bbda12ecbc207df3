import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** Something that may stand only where it belongs (R12). */
interface SecretForm {
  readonly what: string;
  readonly form: RegExp;
}

/** Every form of secret that an installation of the stories has. Texts are compared as bytes: databases and manifests too. */
const secretForms: readonly SecretForm[] = [
  { what: "the engine's password", form: /lab-(?:engine-)?password/ },
  { what: "a join token", form: /hfj1\.[\w-]{24}/ },
  { what: "a task token", form: /hft1\.[\w-]{8,}\.[\w-]{24}/ },
  { what: "a user's token", form: /hfu1\.[0-9a-z]+\.[0-9a-z]+\.[\w-]{24}/ },
  { what: "a ticket", form: /\/images\/[0-9a-f]{8}-[0-9a-f-]{27}/ },
  { what: "a recovery key", form: /HFRK1(?:-[0-9A-Z]{4}){14}/ },
  { what: "a private key", form: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { what: "a key of the bus", form: /(?<![A-Z0-9])S[UAO][A-Z2-7]{56}(?![A-Z0-9])/ },
  { what: "a token of the engine's", form: /Bearer [\w.-]{16}|access_token\W{1,6}[\w-]{40}/ },
];

/** What is looked for. */
export const secretKinds: readonly string[] = secretForms.map(({ what }) => what);

/** A secret in a place where none belongs; the secret itself is not told. */
export interface FoundSecret {
  readonly where: string;
  readonly what: string;
}

/** The secrets in a text. */
export const secretsIn = (text: string): readonly string[] =>
  secretForms.filter(({ form }) => form.test(text)).map(({ what }) => what);

/** What operators and processes keep secrets in, on purpose: identities, and files that a story's operator wrote. */
export const isKept = (path: string): boolean =>
  path.split(sep).some((part) => part === "identity" || part.endsWith("-identity")) ||
  /\.join$|(?:^|\/)(?:password|admin\.token|[\w-]*token|[\w-]*recovery-kit[\w-]*\.txt)$/.test(path);

/** The engine's own state is the engine's; but what its guests write to their consoles is ours. */
const isEngines = (path: string): boolean => /^lab(?:-[^/]+)?\//.test(path) && !path.endsWith("/console.log");

/** What holds disks: their content is the guests'. */
const isContent = (path: string): boolean =>
  /\.(?:raw|img|qcow2|pack|partial)$|\/(?:packs|copies|refs|disks)\//.test(path);

/** What an installed tarball brings, and a document's commands: no process writes there, and they show the lab's password. */
const isProgram = (path: string): boolean => path.startsWith("root/opt/holdfast/") || path === ".document.sh";

const largestBytes = 64 * 1024 * 1024;

/** Searches everything that the processes of a run wrote: logs, databases, manifests, answers that were kept. */
export const searchForSecrets = async (directory: string): Promise<readonly FoundSecret[]> => {
  const found: FoundSecret[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const where = relative(directory, path);
    if (!entry.isFile() || isKept(where) || isEngines(where) || isContent(where) || isProgram(where)) continue;
    const text = await readIfThere(path);
    found.push(...secretsIn(text).map((what) => ({ where, what })));
  }
  return found;
};

/** A file may go while it is looked at, and one too large is no log of ours. */
export const readIfThere = async (path: string): Promise<string> => {
  try {
    return (await stat(path)).size > largestBytes ? "" : await readFile(path, "latin1");
  } catch {
    return "";
  }
};
