import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const packagePattern = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const noticePattern = /^(?:licen[cs]e|notice|copying)/i;

/** The folder of the package that a module was taken from; none for what is ours. */
export const packageFolderOf = (moduleId: string): readonly string[] =>
  packagePattern.exec(moduleId)?.slice(0, 1) ?? [];

/** Names, versions and licences of the packages in these folders, each with the texts that it comes with, in the order of their names. */
export const licenceNotices = async (folders: ReadonlySet<string>): Promise<string> => {
  const notices = await Promise.all([...folders].map((folder) => noticeOf(folder)));
  return [...new Set(notices)].toSorted().join("\n\n");
};

const noticeOf = async (folder: string): Promise<string> => {
  const { name, version, license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
    readonly author?: string | { readonly name: string };
  };
  const files = (await readdir(folder)).filter((file) => noticePattern.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const by = typeof author === "string" ? author : author?.name;
  const told = `${name} ${version}\nLicence: ${license ?? "see below"}${by === undefined ? "" : `\nAuthor: ${by}`}\n`;
  return [told, ...texts.map((text) => text.trim())].join("\n");
};
