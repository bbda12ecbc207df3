import { readFile } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** Options of commands that open an encrypted repository. */
export interface ProofOptions {
  readonly passwordFile?: string;
  readonly recoveryKeyFile?: string;
}

/** What a request carries of them; empty words for nothing. */
export interface GivenProof {
  readonly password: string;
  readonly recoveryKey: string;
}

/** The variable that may hold a repository's password. */
const passwordVariable = "HOLDFAST_REPOSITORY_PASSWORD";

/** Adds `--password-file FILE` and `--recovery-key-file FILE`. */
export const addProofOptions = (command: Command): Command =>
  command
    .option(
      "--password-file <file>",
      `file with the repository's password in its first line (or ${passwordVariable}, or asked)`,
    )
    .option("--recovery-key-file <file>", "file with a recovery key instead of the password");

/** What was given in files or the environment; both words empty for nothing. */
export const givenProof = async (
  { env }: CliContext,
  { passwordFile, recoveryKeyFile }: ProofOptions,
): Promise<GivenProof> => {
  if (recoveryKeyFile !== undefined) return { password: "", recoveryKey: await firstLineOf(recoveryKeyFile) };
  if (passwordFile !== undefined) return { password: await firstLineOf(passwordFile), recoveryKey: "" };
  return { password: env[passwordVariable] ?? "", recoveryKey: "" };
};

/** The same, or a password that is typed; KEY_MISSING where nobody can be asked. */
export const requireProof = async (context: CliContext, options: ProofOptions): Promise<GivenProof> => {
  const given = await givenProof(context, options);
  return given.password === "" && given.recoveryKey === "" ? await askProof(context) : given;
};

/** A password that is typed; KEY_MISSING where nobody can be asked. */
export const askProof = async ({ askSecret }: CliContext): Promise<GivenProof> => {
  if (askSecret !== undefined) return { password: await askSecret("Password of the repository: "), recoveryKey: "" };
  throw new HoldfastError(
    "KEY_MISSING",
    `the repository is encrypted: give --password-file, --recovery-key-file or the variable ${passwordVariable}`,
  );
};

/** A new password, from a file or typed twice. */
export const takeNewPassword = async ({ askSecret }: CliContext, file: string | undefined): Promise<string> => {
  if (file !== undefined) return await firstLineOf(file);
  if (askSecret === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", "no new password: give --new-password-file FILE");
  const password = await askSecret("New password of the repository: ");
  if ((await askSecret("The same again: ")) === password) return password;
  throw new HoldfastError("INVALID_ARGUMENT", "the two passwords differ: nothing was changed");
};

const firstLineOf = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, "utf8")).split("\n", 1)[0]?.replace(/\r$/, "") ?? "";
  } catch (cause) {
    throw new HoldfastError("IO_FAILED", `cannot read ${file}`, { cause });
  }
};
