import { z } from "zod";

import { bool, collection, entity, integer, namedReference, text } from "../http/body.ts";

const inheritable = z.enum(["inherit", "true", "false"]);
const rate = entity({ bytes: integer.optional(), period: integer.optional() });
const customProperty = entity({ name: text, value: text.optional() }, ["regexp"]);

/** Settings of a VM that the simulator keeps, shows and does nothing with: in the API's names, as parts of the body of a VM. */
export const keptSettings = {
  memory_policy: entity({ guaranteed: integer.optional(), max: integer.optional(), ballooning: bool.optional() }, [
    "over_commit",
    "transparent_huge_pages",
  ]).optional(),
  custom_cpu_model: text.optional(),
  custom_emulated_machine: text.optional(),
  custom_properties: collection("custom_property", customProperty).optional(),
  cpu_shares: integer.optional(),
  display: entity(
    {
      type: z.enum(["vnc", "spice"]).optional(),
      monitors: integer.optional(),
      copy_paste_enabled: bool.optional(),
      file_transfer_enabled: bool.optional(),
      smartcard_enabled: bool.optional(),
      allow_override: bool.optional(),
      disconnect_action: text.optional(),
      keyboard_layout: text.optional(),
    },
    ["address", "certificate", "port", "proxy", "secure_port", "single_qxl_pci"],
  ).optional(),
  high_availability: entity({ enabled: bool.optional(), priority: integer.optional() }).optional(),
  io: entity({ threads: integer.optional() }).optional(),
  lease: entity({ storage_domain: namedReference.optional() }).optional(),
  migration: entity(
    {
      auto_converge: inheritable.optional(),
      compressed: inheritable.optional(),
      encrypted: inheritable.optional(),
    },
    ["bandwidth", "custom_parallel_migrations", "parallel_migrations_policy", "policy"],
  ).optional(),
  migration_downtime: integer.optional(),
  multi_queues_enabled: bool.optional(),
  rng_device: entity({ source: z.enum(["urandom", "random", "hwrng"]).optional(), rate: rate.optional() }).optional(),
  serial_number: entity({ policy: z.enum(["host", "vm", "custom"]).optional(), value: text.optional() }).optional(),
  soundcard_enabled: bool.optional(),
  start_paused: bool.optional(),
  stateless: bool.optional(),
  storage_error_resume_behaviour: z.enum(["auto_resume", "kill", "leave_paused"]).optional(),
  time_zone: entity({ name: text.optional(), utc_offset: text.optional() }).optional(),
  tpm_enabled: bool.optional(),
  usb: entity({ enabled: bool.optional(), type: z.enum(["legacy", "native"]).optional() }).optional(),
  virtio_scsi: entity({ enabled: bool.optional() }).optional(),
} as const;

const names = Object.keys(keptSettings);

/** A tree of settings. */
export type SettingsTree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is SettingsTree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Lays what a body says over what was there, object by object; lists are replaced. */
const laidOver = (base: SettingsTree, more: SettingsTree): SettingsTree => {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(more)) {
    if (value === undefined) continue;
    const before = merged[name];
    merged[name] = isTree(before) && isTree(value) ? laidOver(before, value) : value;
  }
  return merged;
};

/** What a body says of settings that stand beside others in a structure. */
interface MixedParts {
  readonly cpu?: { readonly mode?: string | undefined } | undefined;
  readonly bios?: { readonly boot_menu?: object | undefined } | undefined;
  readonly os?: { readonly boot?: object | undefined } | undefined;
}

/** The kept settings of a VM after a body: those of the fields above, the mode of the CPU, the boot menu and the boot devices. */
export const settingsAfter = (body: MixedParts & object, base: SettingsTree = {}): SettingsTree => {
  const own = Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (names.includes(name) ? [[name, value as unknown]] : [])),
  );
  const mixed = {
    cpu: { mode: body.cpu?.mode },
    bios: { boot_menu: body.bios?.boot_menu },
    os: { boot: body.os?.boot },
  };
  return laidOver(laidOver(base, mixed), own);
};
