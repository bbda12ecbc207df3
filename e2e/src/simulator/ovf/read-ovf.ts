import type { DiskInterface } from "../model/disk.ts";
import type { BiosType } from "../model/vm.ts";
import { type OvfDisk, type OvfMachine, type OvfNic, biosNumbers, diskBuses, nicModels } from "./ovf-machine.ts";
import { type XmlElement, childText, descendants, parseXml } from "../xml/read-xml.ts";

const keyOf = <Key extends string>(
  table: Readonly<Record<Key, string | number>>,
  value: string,
  fallback: Key,
): Key => {
  const found = Object.entries(table).find(([, shown]) => String(shown) === value);
  return found === undefined ? fallback : (found[0] as Key);
};

const itemsOf = (root: XmlElement, resourceType: number): readonly XmlElement[] =>
  descendants(root, "Item").filter((item) => childText(item, "rasd:ResourceType") === String(resourceType));

const number = (item: XmlElement | undefined, name: string, fallback: number): number => {
  const text = item === undefined ? undefined : childText(item, name);
  return text === undefined || text === "" ? fallback : Number(text);
};

const readDisk = (root: XmlElement, item: XmlElement): OvfDisk => {
  const [diskId = "", imageId = ""] = (childText(item, "rasd:HostResource") ?? "").split("/");
  const entry = descendants(root, "Disk").find((disk) => disk.attributes["ovf:diskId"] === imageId);
  return {
    diskId,
    imageId,
    alias: entry?.attributes["ovf:disk-alias"] ?? childText(item, "rasd:Caption") ?? "",
    interface: keyOf<DiskInterface>(diskBuses, entry?.attributes["ovf:disk-interface"] ?? "", "virtio_scsi"),
    bootable: entry?.attributes["ovf:boot"] === "true",
    active: childText(item, "IsPlugged") !== "false",
  };
};

const readNic = (item: XmlElement): OvfNic => {
  const profileName = childText(item, "rasd:OtherResourceType");
  const networkName = childText(item, "rasd:Connection");
  return {
    id: childText(item, "rasd:InstanceId") ?? "",
    name: childText(item, "rasd:Name") ?? "nic1",
    mac: childText(item, "rasd:MACAddress") ?? "",
    interface: keyOf(nicModels, childText(item, "rasd:ResourceSubType") ?? "", "virtio"),
    ...(profileName === undefined || profileName === "" ? {} : { profileName }),
    ...(networkName === undefined || networkName === "" ? {} : { networkName }),
  };
};

const readCpu = (item: XmlElement | undefined): OvfMachine["cpu"] => ({
  sockets: number(item, "rasd:num_of_sockets", 1),
  cores: number(item, "rasd:cpu_per_socket", 1),
  threads: number(item, "rasd:threads_per_cpu", 1),
});

const textOf = (element: XmlElement | undefined, name: string): string =>
  element === undefined ? "" : (childText(element, name) ?? "");

/** Reads what the simulator needs from an OVF. Throws SyntaxError when it is not an envelope with a VM. */
export const readOvf = (text: string): OvfMachine => {
  const root = parseXml(text);
  const content = root.children.find((child) => child.name === "Content");
  if (root.name !== "ovf:Envelope" || content === undefined) throw new SyntaxError("not an OVF envelope with a VM");
  const system = content.children.find((one) => one.attributes["xsi:type"] === "ovf:OperatingSystemSection_Type");
  const customLevel = textOf(content, "CustomCompatibilityVersion");
  return {
    vmId: system?.attributes["ovf:id"] ?? "",
    name: textOf(content, "Name"),
    description: textOf(content, "Description"),
    comment: textOf(content, "Comment"),
    osType: textOf(system, "Description") || "other",
    biosType: keyOf<BiosType>({ ...biosNumbers, cluster_default: 0 }, textOf(content, "BiosType"), "cluster_default"),
    memoryBytes: number(itemsOf(content, 4)[0], "rasd:VirtualQuantity", 1024) * 2 ** 20,
    cpu: readCpu(itemsOf(content, 3)[0]),
    disks: itemsOf(content, 17).map((item) => readDisk(root, item)),
    nics: itemsOf(content, 10).map(readNic),
    ...(customLevel === "" ? {} : { customLevel }),
  };
};
