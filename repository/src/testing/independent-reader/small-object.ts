import { readFile } from "node:fs/promises";
import { require, sha256 } from "./bytes.ts";

/** The JSON of a small object (§1.1), with its checksum, kind and repository checked. */
export const readSmallObject = async (path: string, kind: string, repositoryId?: string): Promise<Fields> => {
  const [line = "", checksum = "", rest] = (await readFile(path, "utf8")).split("\n");
  require(rest === "" && checksum === `sha256:${sha256(Buffer.from(line)).toString("hex")}`, `the checksum of ${path}`);
  const fields = JSON.parse(line) as Fields;
  require(fields["kind"] === kind && fields["schema"] === 1, `kind and schema of ${path}`);
  if (repositoryId !== undefined) require(fields["repositoryId"] === repositoryId, `the repository of ${path}`);
  return fields;
};

/** What a small object says, by key. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field that is a number by the document. */
export const numberOf = (fields: Fields, key: string): number => {
  const value = fields[key];
  if (typeof value !== "number") throw new Error(`not as documented: ${key} is no number`);
  return value;
};

/** A field that is text by the document. */
export const textOf = (fields: Fields, key: string): string => {
  const value = fields[key];
  if (typeof value !== "string") throw new Error(`not as documented: ${key} is no text`);
  return value;
};
