import { createPublicKey } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseJoinToken } from "@holdfast/shared/identity/join-token";
import { type FoundSecret, isKept, readIfThere, secretsIn } from "./secret-search.ts";

/** A secret of a run by its value, to be looked for wherever it has no business. */
export interface PlantedSecret {
  readonly what: string;
  readonly value: string;
}

/** A text that was written or sent somewhere. */
export interface WrittenText {
  readonly where: string;
  readonly text: string;
}

const seedForm = /(?<![A-Z0-9])S[UAO][A-Z2-7]{56}(?![A-Z0-9])/g;

/** What a file of an identity, or one that an operator keeps a secret in, is secret by; certificates and names are not. */
const valuesIn = (path: string, text: string): readonly string[] => {
  if (/\.(?:seed|json)$/.test(path)) return text.match(seedForm) ?? [];
  if (/\.(?:key|pem)$/.test(path) && text.includes("PRIVATE KEY")) return privateLinesOf(text);
  if (path.endsWith(".key")) return [text.trim()];
  if (path.endsWith(".join")) return [text.trim(), parseJoinToken(text).secret];
  if (path.endsWith("token")) return [text.trim(), text.trim().split(".").at(-1) ?? ""];
  return path.endsWith("password") ? [text.trim()] : [];
};

/** The lines of a private key but for those that are of its public half alone, which stands in certificates too. */
const privateLinesOf = (keyPem: string): readonly string[] => {
  const publicHalf = createPublicKey(keyPem).export({ type: "spki", format: "der" });
  const lines = keyPem.split("\n").filter((line) => line.length > 40 && !line.startsWith("-"));
  return lines.filter((line) => !publicHalf.includes(Buffer.from(line, "base64")));
};

/** Every secret that the programs and operators of a run keep in files. */
export const collectKept = async (directory: string): Promise<readonly PlantedSecret[]> => {
  const found: PlantedSecret[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const where = relative(directory, path);
    if (!entry.isFile() || !isKept(where)) continue;
    found.push(...valuesIn(path, await readIfThere(path)).map((value) => ({ what: where, value })));
  }
  return found.filter(({ value }) => value.length >= 12);
};

/** Secrets by their values, as they are and in base64, and by their forms; what is found is named, not shown. */
export const findPlanted = (
  texts: readonly WrittenText[],
  secrets: readonly PlantedSecret[],
): readonly FoundSecret[] => {
  const needles = secrets.flatMap(({ what, value }) =>
    [value, Buffer.from(value).toString("base64").replace(/=+$/, "")].map((needle) => ({ what, needle })),
  );
  return texts.flatMap(({ where, text }) => [
    ...secretsIn(text).map((what) => ({ where, what })),
    ...needles.filter(({ needle }) => text.includes(needle)).map(({ what }) => ({ where, what })),
  ]);
};
