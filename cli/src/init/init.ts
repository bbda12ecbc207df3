import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CertifiedKey } from "@holdfast/shared/identity/certificates";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { makeInstallation, type MadeInstallation } from "@holdfast/shared/installation/make-installation";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import type { CliContext } from "../context.ts";
import { printData } from "../output/output.ts";
import { writeControllerConfig } from "./controller-config-file.ts";
import { refuseKitFile, writeKitFile } from "../recovery-kit/kit-file.ts";
import { initText } from "./init-text.ts";
import { dialledAt, splitAddresses } from "./whereabouts.ts";

interface InitOptions {
  readonly data: string;
  readonly controller?: string;
  readonly listen: string;
  readonly busListen: string;
  readonly bus?: readonly string[];
  readonly hostName?: readonly string[];
  readonly caCertificate?: string;
  readonly caKey?: string;
  readonly timeZone?: string;
  readonly recoveryKit?: string;
}

/** What `init` made, in the shape of `-o json`. */
export interface Initialised extends MadeInstallation {
  readonly dataDir: string;
  readonly controllerConfigFile: string;
  readonly controllers: readonly string[];
  readonly busServers: readonly string[];
}

/** `init`: everything that an installation starts with; nothing is started. */
export const initCommand: CommandMaker = (context) =>
  verb("init", "Make an installation: its authority, its controller's identity, its bus and the first administrator", [
    "init --data /var/lib/holdfast/controller",
    "init --data /var/lib/holdfast/controller --recovery-kit recovery-kit.txt",
    "init --data /var/lib/holdfast/controller --controller backup.example.com:7400 --listen 0.0.0.0:7400 --bus-listen 0.0.0.0:4222 --bus tls://backup.example.com:4222",
  ])
    .requiredOption("--data <directory>", "data folder of the controller")
    .option(
      "--listen <address>",
      "where the controller's API listens; with --controller, where it is dialled",
      "127.0.0.1:7400",
    )
    .option("--bus-listen <address>", "where nats-server listens, host:port", "127.0.0.1:4222")
    .addOption(listOption("--bus <address>", "where everybody dials the bus, tls://host:port (repeatable)"))
    .addOption(
      listOption("--host-name <name>", "name or address in certificates, for tools that check it (repeatable)"),
    )
    .option("--ca-certificate <file>", "PEM of an authority of your own, in place of one that is made")
    .option("--ca-key <file>", "its key, PEM")
    .option("--recovery-kit <file>", "write the recovery kit, which is printed once, also to a file of mode 0600")
    .option("--time-zone <zone>", "IANA zone of the installation; the machine's unless given")
    .action(async (_options, command) => {
      const options = optionsOf<InitOptions>(command);
      if (options.recoveryKit !== undefined) await refuseKitFile(options.recoveryKit);
      const made = await initialise(context, options);
      if (options.recoveryKit !== undefined) await writeKitFile(options.recoveryKit, made.recoveryKit);
      if (options.output === "table") context.print(initText(made));
      else printData(context, options.output, made);
    });

const initialise = async (context: CliContext, options: InitOptions): Promise<Initialised> => {
  const dataDir = resolve(options.data);
  const controllers = splitAddresses(options.controller) ?? [dialledAt(options.listen)];
  const busServers = options.bus ?? [`tls://${dialledAt(options.busListen)}`];
  const made = await makeInstallation({
    dataDir,
    controllers,
    busListen: options.busListen,
    busServers,
    hostNames: options.hostName ?? [],
    authority: await readAuthority(options),
    clock: context.clock,
    random: systemRandom,
  });
  const { listen, timeZone } = options;
  const controllerConfigFile = await writeControllerConfig(dataDir, { listen, timeZone });
  return { ...made, dataDir, controllerConfigFile, controllers, busServers };
};

const readAuthority = async ({ caCertificate, caKey }: InitOptions): Promise<CertifiedKey | undefined> => {
  if (caCertificate === undefined && caKey === undefined) return undefined;
  if (caCertificate === undefined || caKey === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", "an authority of your own is --ca-certificate and --ca-key: give both");
  return { certificatePem: await readPem(caCertificate), keyPem: await readPem(caKey) };
};

const readPem = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `cannot read ${path}`, { details: { path }, cause });
  }
};
