import { isIP, isIPv4 } from "node:net";
import * as z from "zod";

const GiB = 2 ** 30;
const ipv4 = z.string().refine(isIPv4, "is not an IPv4 address");
const timeMs = z
  .number()
  .int()
  .min(0)
  .max(24 * 3_600_000);

/** One network of a worker, in the order of its NICs; only the first one routes. */
const networkSchema = z
  .strictObject({
    /** `profile@network`, a network's name, or a vNIC profile's id. */
    network: z.string().min(1),
    /** Empty: by DHCP. */
    address: z.union([z.literal(""), ipv4]).default(""),
    netmask: z.union([z.literal(""), ipv4]).default(""),
    gateway: z.union([z.literal(""), ipv4]).default(""),
    /** The device's name in the guest; empty: `eth0`, `eth1` … in order. */
    device: z
      .string()
      .regex(/^[a-z0-9]{0,15}$/, "is not a device name")
      .default(""),
  })
  .refine(({ address, netmask }) => (address === "") === (netmask === ""), "a static address needs its netmask")
  .refine(({ address, gateway }) => address !== "" || gateway === "", "a gateway needs a static address");

const shape = {
  /** Of the worker and its VM. */
  name: z.string().regex(/^[a-zA-Z0-9-]{1,40}$/, "is 1 to 40 characters of a-z, A-Z, 0-9 and -"),
  description: z.string().max(1_024).default(""),
  managerId: z.string().min(1),
  clusterId: z.string().min(1),
  /** What its disk is made from: a template of the manager by name, or an image file on the controller's machine. */
  source: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("template"), name: z.string().min(1) }),
    z.strictObject({
      kind: z.literal("image"),
      file: z.string().startsWith("/", "is a whole path on the controller's machine"),
    }),
  ]),
  /** By name or id; empty: the template's own, or for an image the one with most room. */
  storageDomain: z.string().default(""),
  /** VMs that it works on at once. */
  tasks: z.number().int().min(1).max(64).default(4),
  /** 0: one for each task. */
  cpus: z.number().int().min(0).max(256).default(0),
  /** 0: one GiB for each task. */
  memoryBytes: z
    .number()
    .int()
    .min(0)
    .max(4_096 * GiB)
    .default(0),
  /** Empty: the template's NICs as they are, by DHCP. */
  networks: z.array(networkSchema).max(8).default([]),
  dnsServers: z
    .array(z.string().refine((text) => isIP(text) !== 0, "is not an IP address"))
    .max(3)
    .default([]),
  /** By name or id; empty: any host of the cluster. */
  hosts: z.array(z.string().min(1)).max(64).default([]),
  /** How it goes down when nothing needs it. */
  idlePolicy: z.enum(["suspend", "shutdown"]).default("suspend"),
  /** How long nothing has needed it then. */
  idleDelayMs: timeMs.default(60_000),
  /** How long it may take from the first step with its VM, which is made by then, to its agent's hello; an engine is waited for as long. */
  launchTimeoutMs: timeMs.min(1).default(600_000),
};

/** What an operator says of a worker. */
export const workerDefinitionSchema = z
  .strictObject(shape)
  .refine(
    ({ networks }) => networks.slice(1).every(({ gateway }) => gateway === ""),
    "only the first network may have a gateway",
  )
  .refine(
    ({ source, networks }) => source.kind === "template" || networks.length > 0,
    "a worker made from an image needs a network",
  );

/** What operators say of a worker: where it runs, what it is made of, how large it is, and when it goes down. */
export type WorkerDefinition = z.output<typeof workerDefinitionSchema>;
/** One NIC of a worker; `WorkerDefinition` has them in the order of the guest's devices. */
export type WorkerNetwork = WorkerDefinition["networks"][number];

/** Virtual CPUs: one for each task unless set by hand. */
export const cpusOf = ({ cpus, tasks }: WorkerDefinition): number => (cpus === 0 ? tasks : cpus);

/** Memory: one GiB for each task unless set by hand. */
export const memoryOf = ({ memoryBytes, tasks }: WorkerDefinition): number =>
  memoryBytes === 0 ? tasks * GiB : memoryBytes;
