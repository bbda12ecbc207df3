import { z } from "zod";

/** A value of a setting. */
export type SettingValue = string | number | boolean;

/** One setting of a VM that is a single value: where the engine has it, and what it is. */
export interface VmSetting {
  /** In the engine's words, `.` between an object and its field; the name under which it is saved and told. */
  readonly path: string;
  readonly kind: "text" | "number" | "flag";
}

const of =
  (kind: VmSetting["kind"]) =>
  (...paths: readonly string[]): readonly VmSetting[] =>
    paths.map((path) => ({ path, kind }));

/** Single values of a VM that are saved beside those with names of their own in the configuration. */
export const vmSettings: readonly VmSetting[] = [
  ...of("flag")(
    "memory_policy.ballooning",
    "bios.boot_menu.enabled",
    "virtio_scsi.enabled",
    "usb.enabled",
    "stateless",
    "start_paused",
    "soundcard_enabled",
    "multi_queues_enabled",
    "display.copy_paste_enabled",
    "display.file_transfer_enabled",
    "display.smartcard_enabled",
    "display.allow_override",
  ),
  ...of("number")(
    "high_availability.priority",
    "migration_downtime",
    "rng_device.rate.bytes",
    "rng_device.rate.period",
    "io.threads",
    "display.monitors",
    "cpu_shares",
  ),
  ...of("text")(
    "cpu.mode",
    "migration.auto_converge",
    "migration.compressed",
    "migration.encrypted",
    "placement_policy.affinity",
    "rng_device.source",
    "serial_number.policy",
    "serial_number.value",
    "display.type",
    "display.disconnect_action",
    "display.keyboard_layout",
    "usb.type",
    "storage_error_resume_behaviour",
  ),
];

/** Texts of what cloud-init and sysprep are told; an engine never tells passwords again. */
export const initializationTexts: readonly string[] = [
  "host_name",
  "domain",
  "user_name",
  "timezone",
  "dns_servers",
  "dns_search",
  "authorized_ssh_keys",
  "custom_script",
  "regenerate_ssh_keys",
  "cloud_init_network_protocol",
  "active_directory_ou",
  "org_name",
  "windows_license_key",
  "input_locale",
  "system_locale",
  "ui_language",
  "user_locale",
];

/** What a guest is told at its first start. Scripts and keys may be secret (R12): never logged, sealed where a database has them. */
export const initializationSchema = z.object({
  /** By the engine's names. */
  texts: z.record(z.string(), z.string()),
  nics: z.array(
    z.object({
      name: z.string(),
      onBoot: z.boolean().optional(),
      protocol: z.string().optional(),
      address: z.string().optional(),
      netmask: z.string().optional(),
      gateway: z.string().optional(),
    }),
  ),
});
export type SavedInitialization = z.infer<typeof initializationSchema>;

/**
 * What a VM belongs to and has plugged in, by names, since ids mean nothing on another engine. Absent: it was not asked for, or the engine
 * did not tell, which is not the same as an empty list.
 */
export const belongingsSchema = z.object({
  tags: z.array(z.string()).optional(),
  affinityLabels: z.array(z.string()).optional(),
  affinityGroups: z.array(z.string()).optional(),
  /** Hosts that it is bound to or prefers. */
  hosts: z.array(z.string()),
  /** Storage domain that holds its lease. */
  leaseDomain: z.string().optional(),
  /** Ids of the images in its CD-ROM drives. */
  cdroms: z.array(z.string()).optional(),
  /** Model and action. */
  watchdogs: z.array(z.string()).optional(),
  hostDevices: z.array(z.string()).optional(),
  numaNodes: z.array(z.string()).optional(),
  mediatedDevices: z.array(z.string()).optional(),
  /** The template that its disks were made from; absent for Blank. */
  template: z.string().optional(),
});
export type SavedBelongings = z.infer<typeof belongingsSchema>;
