import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** One import that points where it must not. */
export interface Violation {
  /** Path of the file from the root of the tree. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Which workspaces each workspace may import. The programs are imported by nobody: they are started. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  shared: ["proto"],
  controller: ["shared", "proto"],
  agent: ["shared", "proto"],
  repository: ["shared", "proto"],
  cli: ["shared", "proto"],
  e2e: ["shared", "proto"],
};

/** Packages that one folder alone may import. */
const ownedPackages: Readonly<Record<string, string>> = {
  nats: "shared/src/bus",
  "@grpc/grpc-js": "shared/src/rpc",
  "@aws-sdk/client-s3": "repository/src/store/s3",
};

/** Finds every import of the tree under `root` that breaks the rules. */
export const findViolations = (root: string): readonly Violation[] => {
  const imports = Object.keys(arrows).flatMap((workspace) =>
    sourcesOf(join(root, workspace, "src")).flatMap((path) => importsOf(root, workspace, path)),
  );
  return [...imports.flatMap(violationsOf), ...undiciViolations(imports)].toSorted(byPlace);
};

interface Import {
  readonly workspace: string;
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  /** The workspace that is imported; undefined for a package of others. */
  readonly target: string | undefined;
}

const violationsOf = ({ workspace, file, line, specifier, target }: Import): readonly Violation[] => {
  if (target !== undefined && target !== workspace && !(arrows[workspace] ?? []).includes(target)) {
    return [{ file, line, message: `${workspace} may not import ${target} (${specifier})` }];
  }
  const owner = ownedPackages[packageOf(specifier)];
  if (owner === undefined || file.startsWith(`${owner}/`)) return [];
  return [{ file, line, message: `only ${owner} imports ${packageOf(specifier)}` }];
};

/** The first folder of a workspace, by name, that imports undici owns it; imports from another folder are too many. */
const undiciViolations = (imports: readonly Import[]): readonly Violation[] =>
  Object.keys(arrows).flatMap((workspace) => {
    const uses = imports.filter((one) => one.workspace === workspace && packageOf(one.specifier) === "undici");
    const folders = [...new Set(uses.map(({ file }) => folderOf(file)))].sort();
    return uses
      .filter(({ file }) => folderOf(file) !== folders[0])
      .map(({ file, line }) => ({
        file,
        line,
        message: `one folder of ${workspace} imports undici, not several: ${folders.join(", ")}`,
      }));
  });

/** The folder right under `src`; files in `src` itself count as one folder. */
const folderOf = (file: string): string => {
  const parts = file.split("/");
  return parts.slice(0, Math.min(3, parts.length - 1)).join("/");
};

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

const importsOf = (root: string, workspace: string, path: string): readonly Import[] => {
  const text = readFileSync(path, "utf8");
  const file = relative(root, path).split(sep).join("/");
  return specifiersOf(text).map(({ specifier, offset }) => ({
    workspace,
    file,
    line: text.slice(0, offset).split("\n").length,
    specifier,
    target: targetOf(root, path, specifier),
  }));
};

/** Static imports and re-exports, side-effect imports, `import()`, `import.meta.resolve` and `vi.mock`, each on its own line or over several. */
const specifierForms = [
  /^\s*(?:import|export)\s[^;"'`]*?\bfrom\s*(["'])(?<specifier>[^"'\n]+)\1/gm,
  /^\s*import\s*(["'])(?<specifier>[^"'\n]+)\1/gm,
  /\b(?:import|require|import\.meta\.resolve|vi\.mock)\(\s*(["'])(?<specifier>[^"'\n]+)\1/g,
];

const specifiersOf = (text: string): readonly { readonly specifier: string; readonly offset: number }[] => {
  const source = blankComments(text);
  return specifierForms.flatMap((form) =>
    [...source.matchAll(form)].map((match) => {
      const specifier = match.groups?.["specifier"] ?? "";
      return { specifier, offset: match.index + match[0].lastIndexOf(specifier) };
    }),
  );
};

/** Comments may speak of imports; blanks of the same length keep every line where it is. */
const blankComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replaceAll(/[^\n]/g, " "));

const targetOf = (root: string, path: string, specifier: string): string | undefined => {
  const scoped = /^@holdfast\/([a-z0-9]+)(?:\/|$)/.exec(specifier)?.[1];
  if (scoped !== undefined) return scoped;
  if (!specifier.startsWith(".")) return undefined;

  const [top = ""] = relative(root, resolve(dirname(path), specifier)).split(sep);
  return top in arrows ? top : undefined;
};

const sourcesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));

const byPlace = (a: Violation, b: Violation): number => a.file.localeCompare(b.file) || a.line - b.line;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = findViolations(resolve(import.meta.dirname, ".."));
  for (const { file, line, message } of violations) process.stderr.write(`${file}:${line}: ${message}\n`);
  if (violations.length > 0) process.exitCode = 1;
}
