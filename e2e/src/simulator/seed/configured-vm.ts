import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { VmConfig } from "../config/schema.ts";
import { type Engine, labActor } from "../engine/engine.ts";
import { parseLevel } from "../model/inventory.ts";
import type { Nic, Vm } from "../model/vm.ts";
import { newMac } from "../vms/mac.ts";
import { addVm, unlockVm } from "../vms/make-vm.ts";
import { launch } from "../vms/launch.ts";
import { addConfiguredDisk, configuredAttachment } from "./configured-disk.ts";

/** The first row of that name. */
export const byName = <Row extends { readonly name: string }>(
  rows: ReadonlyMap<string, Row>,
  name: string | undefined,
): Row | undefined => [...rows.values()].find((row) => row.name === name);

const nicsOf = (engine: Engine, wanted: VmConfig, vmId: string): readonly Nic[] => {
  const [firstProfile] = engine.world.vnicProfiles.values();
  return wanted.nics.map((nic) => {
    const profile = byName(engine.world.vnicProfiles, nic.profile) ?? firstProfile;
    return {
      id: nic.id ?? derivedUuid("simulator", "nic", vmId, nic.name),
      name: nic.name,
      interface: "virtio",
      mac: nic.mac ?? newMac(engine),
      linked: true,
      plugged: true,
      ...(profile === undefined ? {} : { vnicProfileId: profile.id }),
    };
  });
};

const addRow = (engine: Engine, wanted: VmConfig): Vm => {
  const { world } = engine;
  const id = wanted.id ?? derivedUuid("simulator", engine.config.name, "vm", wanted.name);
  if (world.vms.has(id) || byName(world.vms, wanted.name) !== undefined) {
    throw new HoldfastError("ALREADY_EXISTS", `VM ${wanted.name} exists`);
  }
  const [firstCluster] = world.clusters.values();
  const cluster = wanted.cluster === undefined ? firstCluster : byName(world.clusters, wanted.cluster);
  if (cluster === undefined) throw new HoldfastError("NOT_FOUND", `no cluster is named ${wanted.cluster ?? ""}`);
  const template = byName(world.templates, wanted.template ?? "Blank");
  if (template === undefined) throw new HoldfastError("NOT_FOUND", `no template is named ${wanted.template ?? ""}`);
  return addVm(engine, labActor, {
    id,
    name: wanted.name,
    clusterId: cluster.id,
    templateId: template.id,
    description: wanted.description,
    memoryBytes: wanted.memory,
    cpu: { sockets: wanted.sockets, cores: wanted.cores, threads: 1 },
    biosType: wanted.bios,
    osType: wanted.os,
    origin: wanted.origin,
    guestAgent: wanted.guestAgent,
    customLevel: wanted.compatibility === undefined ? undefined : parseLevel(wanted.compatibility),
    tagIds: wanted.tags.flatMap((name) => byName(world.tags, name)?.id ?? []),
    nics: nicsOf(engine, wanted, id),
  });
};

const hostFor = (engine: Engine, vm: Vm, name: string | undefined): string | undefined => {
  const hosts = [...engine.world.hosts.values()].filter((host) => host.clusterId === vm.clusterId);
  return (hosts.find((host) => host.name === name) ?? hosts[0])?.id;
};

/** Makes a VM of the configuration or the control endpoint, with its disks, and starts it if it is to be up. */
export const addConfiguredVm = async (engine: Engine, wanted: VmConfig, directory: string): Promise<Vm> => {
  const vm = addRow(engine, wanted);
  const templateDiskIds = engine.world.templates.get(vm.templateId)?.diskIds ?? [];
  for (const [index, disk] of wanted.disks.entries()) {
    const owner = { key: vm.id, name: `${vm.name}_Disk${index + 1}`, templateDiskIds };
    const made = await addConfiguredDisk(engine, disk, owner, directory);
    vm.attachments.push(configuredAttachment(disk, made.id, index === 0));
  }
  unlockVm(engine, vm);
  if (wanted.status === "down") return vm;
  const hostId = hostFor(engine, vm, wanted.host);
  if (hostId === undefined) throw new HoldfastError("FAILED_PRECONDITION", `VM ${vm.name} has no host to run on`);
  vm.hostId = hostId;
  await launch(engine, labActor, vm, {});
  return vm;
};
