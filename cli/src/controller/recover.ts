import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import type { CliContext } from "../context.ts";
import { type GlobalOptions, printData } from "../output/output.ts";
import { askRecovery, exportConfiguration } from "./recovery-programs.ts";
import { type Recovered, recoveredText } from "./recovered-text.ts";

interface RecoverOptions extends GlobalOptions {
  readonly from: string;
  readonly recoveryKeyFile: string;
  readonly to: string;
  readonly installation?: string;
  readonly number?: string;
  readonly listen?: string;
  readonly reachedAt?: readonly string[];
  readonly busListen?: string;
  readonly bus?: readonly string[];
  readonly repositoryAt?: readonly string[];
}

/** `controller recover`: a controller's folder from the backup in a repository, on an empty machine. */
export const controllerRecover: CommandMaker = (context) =>
  verb("recover", "Rebuild a lost controller from the backup of the installation in a repository; nothing is started", [
    "controller recover --from /srv/holdfast --recovery-key-file recovery-kit.txt --to /var/lib/holdfast/controller",
    "controller recover --from configuration.hfcf --recovery-key-file recovery-kit.txt --to /var/lib/holdfast/controller",
  ])
    .requiredOption(
      "--from <where>",
      "a repository's folder or bucket, or a file of holdfast-repository configuration export",
    )
    .requiredOption("--recovery-key-file <file>", "the recovery kit, or a file with its key")
    .requiredOption("--to <directory>", "data folder of the controller, empty or absent")
    .option("--installation <id>", "of which installation, where the repository has several")
    .option("--number <number>", "which backup; the newest that is whole unless given")
    .option("--listen <address>", "where the controller's API is to listen; as before unless given")
    .addOption(
      listOption("--reached-at <address>", "where members dial the controller; as before unless given (repeatable)"),
    )
    .option("--bus-listen <address>", "where nats-server is to listen; as before unless given")
    .addOption(listOption("--bus <address>", "where everybody dials the bus; as before unless given (repeatable)"))
    .addOption(
      listOption(
        "--repository-at <name=address>",
        "where a repository is reached now; as before unless given (repeatable)",
      ),
    )
    .action(async (_options, command) => {
      const options = optionsOf<RecoverOptions>(command);
      const recovered = await recover(context, options);
      if (options.output === "table") context.print(recoveredText(recovered));
      else printData(context, options.output, recovered);
    });

const recover = async (context: CliContext, options: RecoverOptions): Promise<Recovered> => {
  if (await isFile(options.from)) return await rebuild(context, options, options.from);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-recover-"));
  try {
    const file = join(folder, "configuration");
    const { from, installation, number } = options;
    await exportConfiguration(context, { from, to: file, installation, number });
    return await rebuild(context, options, file);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const rebuild = (context: CliContext, options: RecoverOptions, configuration: string): Promise<Recovered> => {
  const { recoveryKeyFile, to, listen, reachedAt, busListen, bus, repositoryAt } = options;
  return askRecovery(context, {
    configuration,
    recoveryKeyFile,
    to,
    listen,
    controllers: reachedAt,
    busListen,
    bus,
    repositoryAt,
  });
};

/** A repository is a folder or a bucket: what is a file is a configuration by itself. */
const isFile = async (path: string): Promise<boolean> => {
  if (/^[a-z0-9+]+:\/\//.test(path)) return false;
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    throw new HoldfastError("NOT_FOUND", `there is no repository or file at ${path}`, { details: { path }, cause });
  }
};
