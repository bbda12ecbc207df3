import * as z from "zod";

import {
  type SavedBelongings,
  type SavedInitialization,
  type SettingValue,
  initializationTexts,
  vmSettings,
} from "../../hypervisor/vm-settings.ts";
import { collection, flag, number, stub } from "../values.ts";

const named = z.object({ name: z.string().default("") });

const nicConfiguration = z
  .object({
    name: z.string().default(""),
    on_boot: flag.optional(),
    boot_protocol: z.string().optional(),
    ip: z
      .object({ address: z.string().optional(), netmask: z.string().optional(), gateway: z.string().optional() })
      .optional(),
  })
  .transform((row) => ({ name: row.name, onBoot: row.on_boot, protocol: row.boot_protocol, ...row.ip }));

const numaNode = z
  .object({
    index: number.default(0),
    memory: number.default(0),
    cpu: z.object({ cores: collection("core", z.object({ index: number })).optional() }).optional(),
  })
  .transform(({ index, memory, cpu }) => `${index}: ${memory} MiB, cpus ${cpusOf(cpu?.cores).join(" ")}`);

const cpusOf = (cores: readonly { readonly index: number }[] = []): readonly number[] =>
  cores.map(({ index }) => index);

const mediatedDevice = z
  .object({
    spec_params: collection("property", z.object({ name: z.string(), value: z.string().default("") })).optional(),
  })
  .transform((row) => (row.spec_params ?? []).map(({ name, value }) => `${name}=${value}`).join(" "));

/** What a VM belongs to and has, of a row in which those links are inlined. */
export const belongingsRow = {
  template: z.object({ name: z.string().optional() }).optional(),
  tags: collection("tag", named).optional(),
  affinity_labels: collection("affinity_label", named).optional(),
  placement_policy: z.looseObject({ hosts: collection("host", stub).optional() }).optional(),
  lease: z.object({ storage_domain: stub.optional() }).optional(),
  cdroms: collection("cdrom", z.object({ file: z.object({ id: z.string().default("") }).optional() })).optional(),
  watchdogs: collection(
    "watchdog",
    z.object({ model: z.string().default(""), action: z.string().default("") }),
  ).optional(),
  host_devices: collection("host_device", named).optional(),
  numa_nodes: collection("vm_numa_node", numaNode).optional(),
  vm_numa_nodes: collection("vm_numa_node", numaNode).optional(),
  mediated_devices: collection("vm_mediated_device", mediatedDevice).optional(),
  vm_mediated_devices: collection("vm_mediated_device", mediatedDevice).optional(),
};

const belongingsObject = z.object(belongingsRow);
type BelongingsRow = z.output<typeof belongingsObject>;

/** Names by which belongings are saved. */
export interface NamesOfBelongings {
  readonly storageDomains: readonly { readonly id: string; readonly name: string }[];
  readonly hosts: readonly { readonly id: string; readonly name: string }[];
  /** Groups that the VM is in; undefined when the engine did not tell. */
  readonly affinityGroups: readonly string[] | undefined;
  /** Whether the row has what the VM is linked to: then a list that is missing is an empty one. */
  readonly areLinksRead: boolean;
}

/** What a VM belongs to, by names; ids that have none are left out. */
export const toBelongings = (row: BelongingsRow, names: NamesOfBelongings): SavedBelongings => ({
  affinityGroups: names.affinityGroups === undefined ? undefined : [...names.affinityGroups],
  hosts: idsIn(row.placement_policy?.hosts).map((id) => nameIn(names.hosts, id) ?? id),
  leaseDomain: nameIn(names.storageDomains, row.lease?.storage_domain?.id),
  ...(names.areLinksRead ? toLinked(row) : {}),
});

const toLinked = (row: BelongingsRow): Partial<SavedBelongings> => ({
  tags: namesIn(row.tags),
  affinityLabels: namesIn(row.affinity_labels),
  cdroms: idsIn(row.cdroms?.flatMap(({ file }) => file ?? [])),
  watchdogs: (row.watchdogs ?? []).map(({ model, action }) => `${model} ${action}`),
  hostDevices: namesIn(row.host_devices),
  numaNodes: eitherOf(row.numa_nodes, row.vm_numa_nodes),
  mediatedDevices: eitherOf(row.mediated_devices, row.vm_mediated_devices),
  template: row.template?.name === "Blank" ? undefined : row.template?.name,
});

/** Inlined lists have the name of their link on one engine, and that of their rows on another. */
const eitherOf = (one: readonly string[] | undefined, other: readonly string[] = []): string[] => [...(one ?? other)];

const namesIn = (rows: readonly { readonly name: string }[] = []): string[] => rows.map(({ name }) => name);

const idsIn = (rows: readonly { readonly id: string }[] = []): string[] =>
  rows.map(({ id }) => id).filter((id) => id !== "");

const nameIn = (
  rows: readonly { readonly id: string; readonly name: string }[],
  id: string | undefined,
): string | undefined => rows.find((row) => row.id === id)?.name;

/** `initialization` of a VM. */
export const initializationRow = z.looseObject({
  configuration: z.object({ type: z.string().optional(), data: z.string().optional() }).optional(),
  nic_configurations: collection("nic_configuration", nicConfiguration).optional(),
});

/** What the guest is told; undefined when that is nothing. */
export const toInitialization = (
  row: z.output<typeof initializationRow> | undefined,
): SavedInitialization | undefined => {
  if (row === undefined) return undefined;
  const texts = Object.fromEntries(
    initializationTexts.flatMap((name) => {
      const value = row[name];
      return typeof value === "string" || typeof value === "boolean" ? [[name, String(value)]] : [];
    }),
  );
  const nics = row.nic_configurations ?? [];
  return Object.keys(texts).length === 0 && nics.length === 0 ? undefined : { texts, nics };
};

/** The single values of a row, of those that the engine said and that are what they should be. */
export const toSettings = (row: unknown): Record<string, SettingValue> =>
  Object.fromEntries(
    vmSettings.flatMap(({ path, kind }) => {
      const parsed = kinds[kind].safeParse(at(row, path));
      return parsed.success ? [[path, parsed.data]] : [];
    }),
  );

const kinds = { text: z.string(), number, flag };

const at = (row: unknown, path: string): unknown => {
  let value = row;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
};
