import { z } from "zod";

import { findPermit, isAdministrative } from "../permits/permit-names.ts";
import { biosTypes } from "../model/vm.ts";
import { bytes, level, milliseconds, port } from "./quantities.ts";

const id = z.uuid().optional();
const name = z.string().min(1);

const fill = z.union([
  z.strictObject({ image: z.string().min(1) }),
  z.strictObject({ seed: z.union([z.string(), z.number()]).transform(String), bytes: bytes.optional() }),
]);

/** A disk of the configuration or of the control endpoint. */
export const diskSchema = z.strictObject({
  id,
  alias: name.optional(),
  size: bytes.optional(),
  format: z.enum(["qcow2", "raw"]).default("qcow2"),
  storageDomain: name.optional(),
  /** Alias of a disk of the VM's template: this disk is a thin layer over it. */
  templateDisk: name.optional(),
  /** What it holds at first; nothing means zeroes. */
  fill: fill.optional(),
  incremental: z.boolean().default(true),
  shareable: z.boolean().default(false),
  bootable: z.boolean().optional(),
  active: z.boolean().default(true),
  interface: z.enum(["virtio", "virtio_scsi", "ide", "sata"]).default("virtio_scsi"),
});
export type DiskConfig = z.infer<typeof diskSchema>;

/** A VM of the configuration or of the control endpoint. */
export const vmSchema = z.strictObject({
  id,
  name,
  cluster: name.optional(),
  template: name.optional(),
  description: z.string().default(""),
  compatibility: level.optional(),
  status: z.enum(["up", "down"]).default("down"),
  host: name.optional(),
  memory: bytes.default(2 ** 30),
  sockets: z.number().int().positive().default(1),
  cores: z.number().int().positive().default(1),
  os: name.default("other_linux"),
  bios: z.enum(biosTypes).default("q35_sea_bios"),
  origin: z.enum(["ovirt", "managed_hosted_engine"]).default("ovirt"),
  guestAgent: z.boolean().default(true),
  tags: z.array(name).default([]),
  nics: z.array(z.strictObject({ id, name, profile: name.optional(), mac: name.optional() })).default([]),
  disks: z.array(diskSchema).default([]),
});
export type VmConfig = z.infer<typeof vmSchema>;

/** A template; two of one name are versions of it. */
const templateSchema = z.strictObject({
  id,
  name,
  description: z.string().default(""),
  cluster: name.optional(),
  /** Where its disks are, unless they say otherwise. */
  storageDomain: name.optional(),
  memory: bytes.default(2 ** 30),
  version: z.number().int().positive().default(1),
  status: z.enum(["ok", "locked", "illegal"]).default("ok"),
  /** `agent`: its first disk is marked as one that boots a Holdfast agent. `none`: VMs of it boot nothing. */
  guest: z.enum(["agent", "none"]).optional(),
  nics: z.array(z.strictObject({ id, name, profile: name.optional() })).default([]),
  disks: z.array(diskSchema).default([]),
});
export type TemplateConfig = z.infer<typeof templateSchema>;

/** What runs in the guests whose boot disk is marked for it. */
const guestSchema = z
  .strictObject({
    /** Program and arguments; `--config FILE` is added. The agent of this tree when absent. */
    command: z.array(z.string()).min(1).optional(),
    /** Further variables of the program. */
    env: z.record(z.string(), z.string()).default({}),
    /** Time after which a program that ended by itself is started again, as a service manager does; never when absent. */
    restartMs: milliseconds.optional(),
  })
  .prefault({});

/** What a role is given on: everything, or one object by its name (a disk by its alias). */
const onSchema = z.union([
  z.literal("system"),
  z
    .partialRecord(
      z.enum(["data_center", "cluster", "host", "storage_domain", "network", "vnic_profile", "template", "vm", "disk"]),
      name,
    )
    .refine((on) => Object.keys(on).length === 1, "a role is given on one object"),
]);

const permitSchema = z.string().transform((text, context) => {
  const permit = findPermit(text);
  if (permit !== undefined) return permit;
  context.addIssue({ code: "custom", message: `${text} is no permit` });
  return z.NEVER;
});

/** A role beside those that every engine has. */
const roleSchema = z
  .strictObject({ name, administrative: z.boolean().default(false), permits: z.array(permitSchema).min(1) })
  .refine(
    ({ administrative, permits }) => administrative || !permits.some(isAdministrative),
    "only an administrative role can hold an administrative permit",
  );

/** How long what the engine and its hosts do takes. */
export const delaysSchema = z.strictObject({
  /** Between two phases of a backup, transfer or checkpoint removal. */
  phaseMs: milliseconds.default(0),
  /** Making or removing a disk or a snapshot. */
  taskMs: milliseconds.default(0),
  /** Between two statuses of a VM. */
  vmMs: milliseconds.default(0),
  /** How long a VM whose disk boots nothing stays `powering_up` until the engine shows it as `up`. */
  bootTimeoutMs: milliseconds.default(0),
  /** How long a shutdown waits for the guest until the VM is shown as `up` again. */
  shutdownTimeoutMs: milliseconds.default(60_000),
  /** How often the engine looks at its tickets for idleness and completion. */
  pollMs: milliseconds.default(1_000),
});
export type Delays = z.infer<typeof delaysSchema>;

/** The whole configuration of one simulated Manager with its hosts and storage. */
export const configSchema = z.strictObject({
  name,
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, "a version looks like 4.5.6")
    .default("4.5.6"),
  ports: z.strictObject({ api: port, control: port, proxy: port }).prefault({}),
  users: z
    .array(
      z.strictObject({
        name: z.string().regex(/.@./, "a login looks like user@profile"),
        password: name,
        /** When no user has this and there are no `roles`, every user is a SuperUser on the system. */
        roles: z.array(z.strictObject({ role: name, on: onSchema.default("system") })).optional(),
      }),
    )
    .min(1),
  roles: z.array(roleSchema).default([]),
  /** Wrong passwords in a row until the account is locked. */
  lockAfter: z.number().int().positive().default(5),
  /** Idle time after which a token is dropped. */
  tokenIdleMs: milliseconds.default(360_000_000),
  delays: delaysSchema.prefault({}),
  /** How long rows of finished backups and transfers stay visible. */
  rows: z
    .strictObject({ succeededMs: milliseconds.default(900_000), failedMs: milliseconds.default(1_800_000) })
    .prefault({}),
  /** False: `proxy_url` equals `transfer_url`. */
  proxy: z.boolean().default(true),
  dataCenters: z
    .array(z.strictObject({ id, name, version: level.default("4.7") }))
    .min(1)
    .default([{ id: undefined, name: "Default", version: "4.7" }]),
  /** The compatibility level from which the engine makes increments. */
  incrementalFrom: level.default("4.5"),
  clusters: z.array(z.strictObject({ id, name, dataCenter: name.optional(), version: level.default("4.7") })).min(1),
  hosts: z
    .array(
      z.strictObject({
        id,
        name,
        cluster: name,
        address: name.default("127.0.0.1"),
        tlsPort: port,
        /** What the VMs that run on it may have together; without bound when absent. */
        memory: bytes.optional(),
        /** False: an outdated host, which refuses live backups. */
        backups: z.boolean().default(true),
        /** Name of imageio's abstract unix socket, without the leading NUL; derived when absent. */
        unixSocket: name.optional(),
      }),
    )
    .min(1),
  storageDomains: z
    .array(
      z.strictObject({
        id,
        name,
        dataCenter: name.optional(),
        size: bytes.default(2 ** 40),
        /** Percent of free space below which the engine warns. */
        warningPercent: z.number().int().min(0).max(100).optional(),
        /** Free space below which nothing new is made there; 5 GiB, less on a small domain, when absent. */
        critical: bytes.optional(),
      }),
    )
    .min(1),
  guest: guestSchema,
  /** Networks with something to say of them, each with a profile of its name; `ovirtmgmt` is there in any case. */
  networks: z
    .array(
      z.strictObject({
        name,
        dataCenter: name.optional(),
        subnet: z.cidrv4().optional(),
        isolated: z.boolean().default(false),
      }),
    )
    .default([]),
  vnicProfiles: z.array(z.strictObject({ id, name, network: name, dataCenter: name.optional() })).default([]),
  tags: z.array(z.strictObject({ id, name, parent: name.optional() })).default([]),
  templates: z.array(templateSchema).default([]),
  vms: z.array(vmSchema).default([]),
});
export type SimulatorConfig = z.infer<typeof configSchema>;
