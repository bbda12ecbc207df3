import { toIso } from "@holdfast/shared/clock/clock";

import { levelText } from "../model/inventory.ts";
import type { Disk, DiskAttachment } from "../model/disk.ts";
import type { Nic, Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";
import { biosNumbers, diskBuses, nicModels } from "./ovf-machine.ts";
import { escapeXml } from "../xml/escape-xml.ts";

const namespaces = [
  'xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1/"',
  'xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"',
  'xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(" ");

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

const element = (name: string, value: string | number | boolean): string =>
  `<${name}>${escapeXml(String(value))}</${name}>`;

const elements = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => (value === undefined ? "" : element(name, value)))
    .join("");

const attributes = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => (value === undefined ? "" : ` ${name}="${escapeXml(String(value))}"`))
    .join("");

const date = (epochMs: number): string => toIso(epochMs).slice(0, 19).replaceAll("-", "/").replace("T", " ");

const gib = (bytes: number): number => Math.ceil(bytes / 2 ** 30);

interface Plugged {
  readonly attachment: DiskAttachment;
  readonly disk: Disk;
}

const pluggedOf = (world: World, vm: Vm): readonly Plugged[] =>
  vm.attachments.flatMap((attachment) => {
    const disk = world.disks.get(attachment.diskId);
    return disk === undefined ? [] : [{ attachment, disk }];
  });

const diskReference = ({ disk }: Plugged): string =>
  `<File${attributes({
    "ovf:href": `${disk.id}/${disk.imageId}`,
    "ovf:id": disk.imageId,
    "ovf:size": disk.sizeBytes,
    "ovf:description": "Active VM",
    "ovf:disk_storage_type": "IMAGE",
    "ovf:cinder_volume_type": "",
  })}/>`;

const diskEntry = ({ attachment, disk }: Plugged): string =>
  `<Disk${attributes({
    "ovf:diskId": disk.imageId,
    "ovf:size": gib(disk.sizeBytes),
    "ovf:actual_size": gib(disk.actualBytes),
    "ovf:vm_snapshot_id": "",
    "ovf:parentRef": "",
    "ovf:fileRef": `${disk.id}/${disk.imageId}`,
    "ovf:format":
      disk.format === "cow"
        ? "http://www.gnome.org/~markmc/qcow-image-format.html"
        : "http://www.vmware.com/specifications/vmdk.html#sparse",
    "ovf:volume-format": disk.format === "cow" ? "COW" : "RAW",
    "ovf:volume-type": disk.sparse ? "Sparse" : "Preallocated",
    "ovf:disk-interface": diskBuses[attachment.interface],
    "ovf:read-only": attachment.readOnly,
    "ovf:shareable": disk.shareable,
    "ovf:boot": attachment.bootable,
    "ovf:pass-discard": attachment.passDiscard,
    "ovf:incremental-backup": disk.backup === "incremental",
    "ovf:disk-alias": disk.alias,
    "ovf:disk-description": disk.description,
    "ovf:wipe-after-delete": disk.wipeAfterDelete,
  })}/>`;

const diskItem = ({ attachment, disk }: Plugged): string =>
  `<Item>${elements({
    "rasd:Caption": disk.alias,
    "rasd:InstanceId": disk.imageId,
    "rasd:ResourceType": 17,
    "rasd:HostResource": `${disk.id}/${disk.imageId}`,
    "rasd:Parent": "00000000-0000-0000-0000-000000000000",
    "rasd:StorageId": disk.storageDomainId,
    "rasd:CreationDate": date(disk.createdMs),
    Type: "disk",
    Device: "disk",
    "rasd:Address": "",
    BootOrder: attachment.bootable ? 1 : 0,
    IsPlugged: attachment.active,
    IsReadOnly: attachment.readOnly,
    Alias: "",
  })}</Item>`;

const nicItem = (world: World, nic: Nic): string => {
  const profile = world.vnicProfiles.get(nic.vnicProfileId ?? "");
  const network = world.networks.get(profile?.networkId ?? "");
  return `<Item>${elements({
    "rasd:Caption": `Ethernet adapter on ${network?.name ?? "[No Network]"}`,
    "rasd:InstanceId": nic.id,
    "rasd:ResourceType": 10,
    "rasd:OtherResourceType": profile?.name ?? "",
    "rasd:ResourceSubType": nicModels[nic.interface],
    "rasd:Connection": network?.name ?? "",
    "rasd:Linked": nic.linked,
    "rasd:Name": nic.name,
    "rasd:ElementName": nic.name,
    "rasd:MACAddress": nic.mac,
    "rasd:speed": 10_000,
    Type: "interface",
    Device: "bridge",
    IsPlugged: nic.plugged,
    IsReadOnly: false,
  })}</Item>`;
};

const hardware = (world: World, vm: Vm, disks: readonly Plugged[]): string => {
  const cpus = vm.cpu.sockets * vm.cpu.cores * vm.cpu.threads;
  const memoryMib = vm.memoryBytes / 2 ** 20;
  const cpuItem = elements({
    "rasd:Caption": `${cpus} virtual cpu`,
    "rasd:Description": "Number of virtual CPU",
    "rasd:InstanceId": 1,
    "rasd:ResourceType": 3,
    "rasd:num_of_sockets": vm.cpu.sockets,
    "rasd:cpu_per_socket": vm.cpu.cores,
    "rasd:threads_per_cpu": vm.cpu.threads,
    "rasd:VirtualQuantity": cpus,
  });
  const memoryItem = elements({
    "rasd:Caption": `${memoryMib} MB of memory`,
    "rasd:Description": "Memory Size",
    "rasd:InstanceId": 2,
    "rasd:ResourceType": 4,
    "rasd:AllocationUnits": "MegaBytes",
    "rasd:VirtualQuantity": memoryMib,
  });
  return [
    `<Section xsi:type="ovf:VirtualHardwareSection_Type"><Info>${cpus} CPU, ${memoryMib} Memory</Info>`,
    `<System>${element("vssd:VirtualSystemType", "ENGINE 4.4.0.0")}</System>`,
    `<Item>${cpuItem}</Item><Item>${memoryItem}</Item>`,
    ...disks.map(diskItem),
    ...vm.nics.map((nic) => nicItem(world, nic)),
    "</Section>",
  ].join("");
};

const content = (world: World, vm: Vm, disks: readonly Plugged[]): string =>
  [
    '<Content ovf:id="out" xsi:type="ovf:VirtualSystem_Type">',
    elements({
      Name: vm.name,
      Description: vm.description,
      Comment: vm.comment,
      CreationDate: date(vm.createdMs),
      ExportDate: date(vm.createdMs),
      DeleteProtected: vm.deleteProtected,
      ClusterName: world.clusters.get(vm.clusterId)?.name,
      TemplateId: vm.templateId,
      TemplateName: world.templates.get(vm.templateId)?.name,
      IsStateless: false,
      Origin: 3,
      VmType: { desktop: 0, server: 1, high_performance: 2 }[vm.type],
      BiosType: vm.biosType === "cluster_default" ? undefined : biosNumbers[vm.biosType],
      CustomCompatibilityVersion: vm.customLevel === undefined ? undefined : levelText(vm.customLevel),
    }),
    `<Section ovf:id="${vm.id}" ovf:required="false" xsi:type="ovf:OperatingSystemSection_Type"><Info>Guest Operating System</Info>`,
    element("Description", vm.osType),
    "</Section>",
    hardware(world, vm, disks),
    "</Content>",
  ].join("");

const networkNames = (world: World, vm: Vm): readonly string[] => {
  const names = vm.nics.flatMap((nic) => {
    const profile = world.vnicProfiles.get(nic.vnicProfileId ?? "");
    return world.networks.get(profile?.networkId ?? "")?.name ?? [];
  });
  return [...new Set(names)];
};

/** The VM's configuration as the engine writes it: an OVF envelope with its disks, hardware and NICs. */
export const writeOvf = (world: World, vm: Vm): string => {
  const disks = pluggedOf(world, vm);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<ovf:Envelope ${namespaces} ovf:version="4.4.0.0">`,
    `<References>${disks.map(diskReference).join("")}${vm.nics.map((nic) => `<Nic ovf:id="${nic.id}"/>`).join("")}</References>`,
    `<NetworkSection><Info>List of networks</Info>${networkNames(world, vm)
      .map((name) => `<Network${attributes({ "ovf:name": name })}/>`)
      .join("")}</NetworkSection>`,
    `<Section xsi:type="ovf:DiskSection_Type"><Info>List of Virtual Disks</Info>${disks.map(diskEntry).join("")}</Section>`,
    content(world, vm, disks),
    "</ovf:Envelope>",
  ].join("");
};
