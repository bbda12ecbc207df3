import { chunkSizes, defaultChunkSize, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { makeKeys, type NewKeys } from "@holdfast/shared/keys/master-key";
import { formatRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import { Command, Option } from "commander";
import { toLocationText } from "../../store/store-location.ts";
import { createRepository } from "../../store/open-repository-store.ts";
import type { CommandContext } from "../context.ts";
import { takeNewPassword } from "../key-proof.ts";
import { type Format, tellJson, writeLine } from "../output.ts";
import { tellRecoveryKey } from "../tell-recovery-key.ts";
import { formatOption, locationHelp } from "./options.ts";

/** Clocks that differ by more are worth a word: locks and immutability count by them. */
const noticedMs = 60_000;

interface InitOptions {
  readonly output: Format;
  readonly chunkSize: string;
  readonly installation: string;
  readonly encrypt?: boolean;
  readonly passwordFile?: string;
}

/** `init DIR`: makes a repository. */
export const initCommand = (context: CommandContext): Command =>
  new Command("init")
    .description("make a repository in an empty or absent folder, or in a bucket")
    .argument("<location>", locationHelp)
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
    .addOption(formatOption())
    .action((location: string, options: InitOptions) => init(context, location, options));

const init = async (context: CommandContext, location: string, options: InitOptions): Promise<void> => {
  const { clock, random, terminal } = context;
  let aheadMs = 0;
  let made: NewKeys | undefined;
  const password = options.encrypt === true ? await newPassword(context, options) : undefined;
  const facts = await createRepository(location, {
    chunkSize: parseChunkSize(Number(options.chunkSize)),
    installationId: options.installation,
    clock,
    random,
    onProbed: ({ clockAheadMs = 0 }) => {
      aheadMs = clockAheadMs;
    },
    ...(password !== undefined && {
      makeKeys: async (repositoryId) => (made = await makeKeys(repositoryId, password, { random })),
    }),
  });
  if (Math.abs(aheadMs) > noticedMs) {
    const seconds = Math.round(aheadMs / 1000);
    await writeLine(terminal.stderr, `warning: the object storage's clock differs from ours by ${seconds} s`);
  }
  const { repositoryId, chunkSize } = facts;
  const where = toLocationText(location);
  if (options.output === "json") {
    const recoveryKey = made === undefined ? null : formatRecoveryKey(made.recoveryKey);
    await tellJson(terminal, { repositoryId, location: where, chunkSize, recoveryKey });
    return;
  }
  await writeLine(terminal.stdout, `made repository ${repositoryId} in ${where}`);
  if (made !== undefined) await tellRecoveryKey(terminal, made.recoveryKey);
};

const newPassword = (context: CommandContext, { passwordFile }: InitOptions): Promise<string> =>
  takeNewPassword(context, passwordFile, { usesVariable: true });
