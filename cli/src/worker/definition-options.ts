import { type MessageInitShape, create } from "@bufbuild/protobuf";
import {
  type WorkerDefinition,
  type WorkerDefinitionSchema,
  type WorkerNetwork,
  WorkerNetworkSchema,
} from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type Command, InvalidArgumentError } from "commander";
import { listOption } from "../command.ts";

/** The fields of a worker as command-line options; what is not given stays as it was. */
export interface DefinitionOptions {
  readonly manager?: string;
  readonly cluster?: string;
  readonly template?: string;
  readonly image?: string;
  readonly storageDomain?: string;
  readonly description?: string;
  readonly tasks?: number;
  readonly cpus?: number;
  readonly memory?: number;
  readonly network?: readonly string[];
  readonly dns?: readonly string[];
  readonly host?: readonly string[];
  readonly whenIdle?: string;
  readonly idleDelay?: number;
  readonly launchTimeout?: number;
}

/** Adds what may be said of a new worker and of an old one. */
export const withDefinitionOptions = (command: Command): Command =>
  command
    .option("--template <template>", "template of the manager that the VM is made from")
    .option(
      "--image <file>",
      "image file (qcow2 or raw) on the controller's machine, whole path, instead of a template",
    )
    .option(
      "--storage-domain <domain>",
      "where its disk lies; a template's own, or the one with most room, unless given",
    )
    .option("--description <text>", "words for people")
    .option("--tasks <count>", "VMs that it works on at once (4 unless given)", wholeNumber)
    .option("--cpus <count>", "virtual CPUs; 0 for one for each task", wholeNumber)
    .option("--memory <GiB>", "memory in GiB; 0 for one for each task", wholeNumber)
    .addOption(
      listOption(
        "--network <network>",
        "network or profile@network of a NIC, in order (repeatable); NETWORK[,ADDRESS/PREFIX[,GATEWAY]][,dev=DEVICE], by DHCP without an address; only the first one routes",
      ),
    )
    .addOption(listOption("--dns <address>", "DNS server of the whole worker (repeatable)"))
    .addOption(
      listOption("--host <host>", "run on this host only (repeatable); an empty one for any host of the cluster"),
    )
    .option("--when-idle <policy>", "suspend or shutdown (suspend unless given)")
    .option("--idle-delay <seconds>", "how long nothing needs it before that (60 unless given)", wholeNumber)
    .option("--launch-timeout <seconds>", "how long it may take to its agent's hello (600 unless given)", wholeNumber);

/** A whole definition for `worker add`; refuses what is missing, all at once. */
export const newDefinition = (
  name: string,
  options: DefinitionOptions,
): MessageInitShape<typeof WorkerDefinitionSchema> => {
  const missing = [
    ...(options.manager === undefined ? ["--manager"] : []),
    ...(options.cluster === undefined ? ["--cluster"] : []),
    ...(options.template === undefined && options.image === undefined ? ["--template or --image"] : []),
  ];
  if (missing.length > 0) throw new HoldfastError("INVALID_ARGUMENT", `worker add needs ${missing.join(" and ")}`);
  return { name, manager: options.manager ?? "", cluster: options.cluster ?? "", ...given(options) };
};

/** The definition with the options laid over it, for `worker edit`. */
export const changedDefinition = (
  before: WorkerDefinition,
  options: DefinitionOptions,
): MessageInitShape<typeof WorkerDefinitionSchema> => ({ ...before, ...given(options) });

type Given = Partial<Omit<WorkerDefinition, "$typeName" | "$unknown">>;

const given = (options: DefinitionOptions): Given => ({
  ...givenMachine(options),
  ...(options.description !== undefined && { description: options.description }),
  ...(options.whenIdle !== undefined && { idlePolicy: options.whenIdle }),
  ...(options.idleDelay !== undefined && { idleDelayMs: BigInt(options.idleDelay) * 1_000n }),
  ...(options.launchTimeout !== undefined && { launchTimeoutMs: BigInt(options.launchTimeout) * 1_000n }),
});

/** What the VM is made of. */
const givenMachine = (options: DefinitionOptions): Given => ({
  // A template takes the place of an image, and the other way round.
  ...(options.template !== undefined && { template: options.template, image: "" }),
  ...(options.image !== undefined && { image: options.image, template: "" }),
  ...(options.storageDomain !== undefined && { storageDomain: options.storageDomain }),
  ...(options.tasks !== undefined && { tasks: options.tasks }),
  ...(options.cpus !== undefined && { cpus: options.cpus }),
  ...(options.memory !== undefined && { memoryBytes: BigInt(options.memory) * gib }),
  ...(options.network !== undefined && { networks: options.network.filter(isSaid).map(parseNetwork) }),
  ...(options.dns !== undefined && { dnsServers: options.dns.filter(isSaid) }),
  ...(options.host !== undefined && { hosts: options.host.filter(isSaid) }),
});

const gib = 1_073_741_824n;

/** An empty value takes away what was there. */
const isSaid = (text: string): boolean => text !== "";

const networkForm =
  /^(?<network>[^,]+)(,(?<address>[^,/=]+)\/(?<prefix>\d{1,2})(,(?<gateway>[^,=]+))?)?(,dev=(?<device>[^,]+))?$/;

/** `NETWORK` by DHCP, or with a static address; `dev=` names the guest's device when it is not `eth0`, `eth1` … in order. */
export const parseNetwork = (text: string): WorkerNetwork => {
  const parts = networkForm.exec(text.replaceAll(" ", ""))?.groups;
  const bits = parts?.["prefix"] === undefined ? undefined : Number(parts["prefix"]);
  if (parts === undefined || bits === 0 || (bits ?? 0) > 32) {
    const form = "NETWORK[,ADDRESS/PREFIX[,GATEWAY]][,dev=DEVICE], such as servers,192.0.2.10/24,192.0.2.1";
    throw new HoldfastError("INVALID_ARGUMENT", `--network is ${form}, not ${text}`);
  }
  return create(WorkerNetworkSchema, { ...parts, netmask: bits === undefined ? "" : netmaskOf(bits) });
};

const netmaskOf = (bits: number): string =>
  [0, 1, 2, 3].map((byte) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - byte * 8)))).join(".");

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError("give a whole number");
  return value;
};
