import { parse } from "yaml";
import { z } from "zod";

/** A file that user data wants written. */
export interface UserFile {
  /** Absolute path in the guest. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** What cloud-init reads from a custom script, as far as the lab's guests obey it. */
export interface UserData {
  readonly files: readonly UserFile[];
  /** Commands of `runcmd`, each as its words. */
  readonly commands: readonly (readonly string[])[];
}

const mode = z
  .union([z.string().regex(/^0?o?[0-7]{3,4}$/), z.number().int()])
  .transform((value) => (typeof value === "number" ? value : Number.parseInt(value.replace("o", ""), 8)));

const file = z.looseObject({
  path: z.string().startsWith("/"),
  content: z.string().default(""),
  encoding: z.enum(["text/plain", "b64", "base64"]).default("text/plain"),
  permissions: mode.default(0o644),
});

const cloudConfig = z.looseObject({
  write_files: z.array(file).default([]),
  runcmd: z.array(z.union([z.string(), z.array(z.coerce.string())])).default([]),
});

const toFile = ({ path, content, encoding, permissions }: z.output<typeof file>): UserFile => ({
  path,
  content: Buffer.from(content, encoding === "text/plain" ? "utf8" : "base64"),
  mode: permissions,
});

/** Reads the body of a cloud-config. Throws what is wrong with it, without quoting it: it may hold secrets. */
export const readCloudConfig = (script: string): UserData => {
  let tree: unknown;
  try {
    tree = parse(script) ?? {};
  } catch {
    throw new SyntaxError("the custom script is not YAML");
  }
  const parsed = cloudConfig.safeParse(tree);
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.map(String).join(".") || "the whole");
    throw new SyntaxError(`the custom script is no cloud-config: ${places.join(", ")}`);
  }
  return {
    files: parsed.data.write_files.map(toFile),
    commands: parsed.data.runcmd.map((words) => (typeof words === "string" ? words.trim().split(/\s+/) : words)),
  };
};
