import { readFile, stat } from "node:fs/promises";
import { inspect } from "node:util";
import { HoldfastError } from "../errors/holdfast-error.ts";

const shown = "[redacted]";

/** A password or key that cannot be printed by accident: every form of it but `reveal` is "[redacted]" (R12). */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself, for the one place that uses it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** Bits of a file mode that let someone besides its owner read or write it. */
const sharedBits = 0o077;

/** The secret in a file, without the line end that editors add. CONFIG_INVALID when it is missing, empty, or open to others. */
export const readSecretFile = async (path: string): Promise<Secret> => {
  const text = await readPrivate(path);
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "")
    throw new HoldfastError("CONFIG_INVALID", `the secret file is empty: ${path}`, { details: { path } });
  return new Secret(secret);
};

const readPrivate = async (path: string): Promise<string> => {
  try {
    const { mode } = await stat(path);
    if ((mode & sharedBits) !== 0) {
      const octal = (mode & 0o777).toString(8);
      throw new HoldfastError("CONFIG_INVALID", `the secret file is open to others (mode ${octal}): ${path}`, {
        details: { path },
      });
    }
    return await readFile(path, "utf8");
  } catch (caught) {
    if (caught instanceof HoldfastError) throw caught;
    throw new HoldfastError("CONFIG_INVALID", `the secret file cannot be read: ${path}`, {
      details: { path },
      cause: caught,
    });
  }
};
