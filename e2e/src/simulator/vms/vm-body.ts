import { z } from "zod";

import { bool, collection, entity, integer, namedReference, text, uuid } from "../http/body.ts";
import { biosTypes } from "../model/vm.ts";
import { initializationBody } from "./initialization-body.ts";
import { keptSettings } from "./kept-settings.ts";

const topology = entity({ sockets: integer.optional(), cores: integer.optional(), threads: integer.optional() });

const cpuMode = z.enum(["custom", "host_model", "host_passthrough"]);
const boot = entity({ devices: collection("device", z.enum(["hd", "cdrom", "network"])).optional() });

/** Body of `placement_policy`. */
const placementPolicy = entity({
  affinity: z.enum(["migratable", "user_migratable", "pinned"]).optional(),
  hosts: collection("host", namedReference).optional(),
});

/** Fields of the API's VM that mean nothing to the simulator. */
const unmodelled = [
  "affinity_labels",
  "auto_pinning_policy",
  "cdroms",
  "cpu_profile",
  "cpu_shares",
  "creation_time",
  "disk_attachments",
  "domain",
  "fqdn",
  "floppies",
  "guest_operating_system",
  "guest_time_zone",
  "has_illegal_images",
  "host",
  "host_devices",
  "instance_type",
  "katello_errata",
  "large_icon",
  "next_run_configuration_exists",
  "nics",
  "numa_nodes",
  "numa_tune_mode",
  "original_template",
  "payloads",
  "permissions",
  "quota",
  "reported_devices",
  "run_once",
  "sessions",
  "small_icon",
  "snapshots",
  "sso",
  "start_time",
  "statistics",
  "status",
  "status_detail",
  "stop_reason",
  "stop_time",
  "tags",
  "tunnel_migration",
  "use_latest_template_version",
  "virtio_scsi_multi_queues",
  "vm_pool",
  "watchdogs",
  "origin",
];

/** Body of `POST /vms` and `PUT /vms/ID`, and of the `vm` of a start. */
export const vmBody = entity(
  {
    id: uuid.optional(),
    name: text.optional(),
    description: text.optional(),
    comment: text.optional(),
    cluster: namedReference.optional(),
    template: namedReference.optional(),
    memory: integer.optional(),
    ...keptSettings,
    cpu: entity({ topology: topology.optional(), mode: cpuMode.optional() }, [
      "architecture",
      "type",
      "name",
      "cores",
      "cpu_tune",
      "level",
      "speed",
    ]).optional(),
    bios: entity({ type: z.enum(biosTypes).optional(), boot_menu: entity({ enabled: bool }).optional() }).optional(),
    os: entity({ type: text.optional(), boot: boot.optional() }, [
      "kernel",
      "initrd",
      "cmdline",
      "version",
      "custom_kernel_cmdline",
    ]).optional(),
    type: z.enum(["desktop", "server", "high_performance"]).optional(),
    custom_compatibility_version: entity({ major: integer, minor: integer }, [
      "build",
      "revision",
      "full_version",
    ]).optional(),
    delete_protected: bool.optional(),
    initialization: initializationBody.optional(),
    placement_policy: placementPolicy.optional(),
    storage_domain: namedReference.optional(),
  },
  unmodelled,
);
export type VmBody = z.output<typeof vmBody>;
