import { hrefOf, linksOf, stubOf } from "./links.ts";
import { initializationOf } from "./initialization.ts";
import { fieldsOf, renderSettings } from "./vm-settings.ts";
import { versionOf } from "./version.ts";
import type { Vm } from "../../model/vm.ts";
import type { World } from "../../model/world.ts";
import { Collection, Instant, type Resource, Texts, type Value, struct } from "../resource.ts";

const subCollections = [
  "diskattachments",
  "snapshots",
  "nics",
  "tags",
  "backups",
  "checkpoints",
  "permissions",
  "reporteddevices",
  "affinitylabels",
  "cdroms",
  "watchdogs",
  "hostdevices",
  "numanodes",
  "mediateddevices",
  "statistics",
];

const hardware = (vm: Vm): Record<string, Value> => {
  const { memory_policy: policy, cpu, bios, os, ...others } = renderSettings(vm.settings ?? {});
  const defaults = { guaranteed: vm.memoryBytes, max: vm.memoryBytes * 4, ballooning: true };
  const devices = new Texts("device", ["hd"]);
  return {
    memory: vm.memoryBytes,
    memory_policy: struct("memory_policy", { ...defaults, ...fieldsOf(policy) }),
    cpu: struct("cpu", { architecture: "x86_64", topology: struct("topology", { ...vm.cpu }), ...fieldsOf(cpu) }),
    bios: struct("bios", {
      type: vm.biosType,
      boot_menu: struct("boot_menu", { enabled: false }),
      ...fieldsOf(bios),
    }),
    os: struct("os", { type: vm.osType, boot: struct("boot", { devices }), ...fieldsOf(os) }),
    custom_compatibility_version: vm.customLevel === undefined ? undefined : versionOf(vm.customLevel),
    stateless: false,
    start_paused: false,
    ...others,
  };
};

const placementOf = ({ placement }: Vm): Resource =>
  struct("placement_policy", {
    affinity: placement?.affinity ?? "migratable",
    hosts:
      placement === undefined || placement.hostIds.length === 0
        ? undefined
        : new Collection(
            "host",
            placement.hostIds.flatMap((id) => stubOf("host", "hosts", id) ?? []),
          ),
  });

/** `/vms/ID`; with `ovf` also the configuration. */
export const vmResource = (world: World, vm: Vm, ovf?: string): Resource => {
  const href = hrefOf("vms", vm.id);
  return {
    element: "vm",
    id: vm.id,
    href,
    actions: linksOf(href, ["start", "stop", "shutdown", "suspend", "reboot", "freezefilesystems", "thawfilesystems"]),
    fields: {
      name: vm.name,
      description: vm.description,
      comment: vm.comment,
      status: vm.status,
      status_detail: vm.status === "paused" ? vm.pausedBy : undefined,
      type: vm.type,
      origin: vm.origin,
      ...hardware(vm),
      delete_protected: vm.deleteProtected,
      run_once: vm.runOnce ?? false,
      has_illegal_images: vm.attachments.some((one) => world.disks.get(one.diskId)?.illegal === true),
      next_run_configuration_exists: false,
      creation_time: new Instant(vm.createdMs),
      start_time: vm.startedMs === undefined ? undefined : new Instant(vm.startedMs),
      stop_time: vm.stoppedMs === undefined ? undefined : new Instant(vm.stoppedMs),
      stop_reason: vm.stopReason,
      cluster: stubOf("cluster", "clusters", vm.clusterId),
      host: stubOf("host", "hosts", vm.hostId),
      template: stubOf("template", "templates", vm.templateId),
      original_template: stubOf("template", "templates", vm.templateId),
      placement_policy: placementOf(vm),
      initialization: initializationOf(vm.initialization, ovf),
    },
    links: linksOf(href, subCollections),
  };
};
