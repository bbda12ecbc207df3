import { readFile } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import type { KeyProof } from "@holdfast/shared/keys/wrap-key";
import type { CommandContext } from "./context.ts";

/** Options of commands that can open an encrypted repository. */
export interface KeyOptions {
  readonly passwordFile?: string;
  readonly recoveryKeyFile?: string;
}

/** The variable that may hold a repository's password. */
export const passwordVariable = "HOLDFAST_REPOSITORY_PASSWORD";

/** What was given to open the repository with: a file, or the variable; undefined for nothing. */
export const givenProof = async (
  { env }: Pick<CommandContext, "env">,
  { passwordFile, recoveryKeyFile }: KeyOptions,
): Promise<KeyProof | undefined> => {
  if (recoveryKeyFile !== undefined)
    return { kind: "recovery", recoveryKey: parseRecoveryKey(await firstLineOf(recoveryKeyFile)) };
  if (passwordFile !== undefined) return { kind: "password", password: await firstLineOf(passwordFile) };
  const password = env?.[passwordVariable];
  return password === undefined || password === "" ? undefined : { kind: "password", password };
};

/** The same, or what is typed; KEY_MISSING where nobody can be asked. */
export const requireProof = async (context: CommandContext, options: KeyOptions): Promise<KeyProof> => {
  const given = await givenProof(context, options);
  if (given !== undefined) return given;
  if (context.askSecret !== undefined)
    return { kind: "password", password: await context.askSecret("Password of the repository: ") };
  throw new HoldfastError(
    "KEY_MISSING",
    `no password: give --password-file, --recovery-key-file or the variable ${passwordVariable}`,
  );
};

/** A password for a repository, from a file, the variable, or typed twice. */
export const takeNewPassword = async (
  context: CommandContext,
  file: string | undefined,
  { usesVariable }: { readonly usesVariable: boolean },
): Promise<string> => {
  if (file !== undefined) return await firstLineOf(file);
  const fromVariable = usesVariable ? context.env?.[passwordVariable] : undefined;
  if (fromVariable !== undefined && fromVariable !== "") return fromVariable;
  if (context.askSecret === undefined)
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      "no password for the repository: give a file with it in its first line",
    );
  const password = await context.askSecret("New password of the repository: ");
  if ((await context.askSecret("The same again: ")) === password) return password;
  throw new HoldfastError("INVALID_ARGUMENT", "the two passwords differ: nothing was changed");
};

const firstLineOf = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, "utf8")).split("\n", 1)[0]?.replace(/\r$/, "") ?? "";
  } catch (cause) {
    throw new HoldfastError("IO_FAILED", `cannot read ${file}`, { cause });
  }
};
