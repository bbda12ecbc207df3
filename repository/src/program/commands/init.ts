import { chunkSizes, defaultChunkSize, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { makeKeys, type NewKeys } from "@holdfast/shared/keys/master-key";
import { formatRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import { Command, Option } from "commander";
import { createRepository } from "../../store/open-repository-store.ts";
import type { CommandContext } from "../context.ts";
import { takeNewPassword } from "../key-proof.ts";
import { type Terminal, writeLine } from "../output.ts";

interface InitOptions {
  readonly chunkSize: string;
  readonly installation: string;
  readonly encrypt?: boolean;
  readonly passwordFile?: string;
}

/** `init DIR`: makes a repository. */
export const initCommand = (context: CommandContext): Command =>
  new Command("init")
    .description("make a repository in an empty or absent folder")
    .argument("<dir>", "folder of the repository")
    .addOption(
      new Option("--chunk-size <bytes>", "bytes of a chunk, fixed for ever")
        .choices(chunkSizes.map(String))
        .default(String(defaultChunkSize)),
    )
    .option("--installation <id>", "installation that it belongs to", "")
    .option("--encrypt", "seal everything that is stored, for ever; prints a recovery key, once")
    .option(
      "--password-file <file>",
      "file with the password in its first line (or HOLDFAST_REPOSITORY_PASSWORD, or asked)",
    )
    .action(async (directory: string, options: InitOptions) => {
      const { clock, random, terminal } = context;
      let made: NewKeys | undefined;
      const password = options.encrypt === true ? await newPassword(context, options) : undefined;
      const facts = await createRepository(directory, {
        chunkSize: parseChunkSize(Number(options.chunkSize)),
        installationId: options.installation,
        clock,
        random,
        ...(password !== undefined && {
          makeKeys: async (repositoryId) => (made = await makeKeys(repositoryId, password, { random })),
        }),
      });
      await writeLine(terminal.stdout, `made repository ${facts.repositoryId} in ${directory}`);
      if (made !== undefined) await tellRecoveryKey(terminal, made.recoveryKey);
    });

const newPassword = (context: CommandContext, { passwordFile }: InitOptions): Promise<string> =>
  takeNewPassword(context, passwordFile, { usesVariable: true });

/** Shows a recovery key, the only time that anybody can. */
export const tellRecoveryKey = async ({ stdout }: Terminal, recoveryKey: Uint8Array): Promise<void> => {
  await writeLine(stdout, `recovery key: ${formatRecoveryKey(recoveryKey)}`);
  await writeLine(
    stdout,
    "Write it down and keep it elsewhere: it opens the repository without the password, and is not shown again.",
  );
};
