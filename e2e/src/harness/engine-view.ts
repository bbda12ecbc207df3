import { readFile } from "node:fs/promises";
import { ApiClient, type Tree } from "../simulator/testing/api-client.ts";
import { type Lab, labUser } from "./lab.ts";

/** A disk of a VM as the engine shows it. */
export interface ShownDisk {
  readonly id: string;
  readonly alias: string;
  readonly sizeBytes: number;
  readonly format: string;
  readonly interface: string;
  readonly bootable: boolean;
  readonly active: boolean;
}

/** A VM as the engine shows it, past Holdfast; lists are ordered by name. */
export interface ShownVm {
  readonly id: string;
  readonly status: string;
  readonly cluster: string;
  readonly hardware: {
    readonly description: string;
    readonly memoryBytes: number;
    readonly sockets: number;
    readonly cores: number;
    readonly threads: number;
    readonly os: string;
    readonly bios: string;
  };
  readonly nics: readonly {
    readonly name: string;
    readonly interface: string;
    /** Name of its vNIC profile; empty for none. */
    readonly profile: string;
  }[];
  /** Addresses of its NICs, in their order. */
  readonly macs: readonly string[];
  readonly disks: readonly ShownDisk[];
}

/** A look at a lab's engine through its API, by a user who logged in beside Holdfast. */
export interface EngineView extends AsyncDisposable {
  readonly findVm: (name: string) => Promise<ShownVm | undefined>;
  /** Addresses that a VM's guest reports; undefined while it reports none. */
  readonly findAddresses: (vmId: string) => Promise<readonly string[] | undefined>;
}

/** A client of the engine's API whose user may do everything. */
export const openAdministrator = async ({ addresses }: Lab): Promise<ApiClient> => {
  const client = new ApiClient({ addresses, apiCa: await readFile(addresses.apiCaFile, "utf8") });
  await client.login(labUser.name, labUser.password);
  return client;
};

/** Logs in. */
export const openEngineView = async (lab: Lab): Promise<EngineView> => {
  const client = await openAdministrator(lab);
  return {
    findVm: async (name) => {
      const query = `/vms?search=${encodeURIComponent(`name=${name}`)}&follow=disk_attachments.disk,nics`;
      const row = (await client.get(query)).json.vm?.[0];
      return row === undefined ? undefined : await toShown(client, row);
    },
    findAddresses: async (vmId) => {
      const devices: readonly Tree[] = (await client.get(`/vms/${vmId}/reporteddevices`)).json.reported_device ?? [];
      const found = devices.flatMap((device) => (device.ips?.ip ?? []).map(({ address }: Tree) => String(address)));
      return found.length === 0 ? undefined : found;
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};

const toShown = async (client: ApiClient, row: Tree): Promise<ShownVm> => {
  const { topology } = row.cpu;
  const nics: readonly Tree[] = [...(row.nics?.nic ?? [])].sort(byKey("name"));
  const profiles: readonly Tree[] = (await client.get("/vnicprofiles")).json.vnic_profile ?? [];
  return {
    id: row.id,
    status: row.status,
    cluster: (await client.get(`/clusters/${row.cluster.id}`)).json.name,
    hardware: {
      description: row.description,
      memoryBytes: Number(row.memory),
      sockets: Number(topology.sockets),
      cores: Number(topology.cores),
      threads: Number(topology.threads),
      os: row.os.type,
      bios: row.bios.type,
    },
    nics: nics.map((nic) => ({
      name: nic.name,
      interface: nic.interface,
      profile: profiles.find(({ id }) => id === nic.vnic_profile?.id)?.name ?? "",
    })),
    macs: nics.map((nic) => nic.mac.address),
    disks: (row.disk_attachments?.disk_attachment ?? [])
      .map((attachment: Tree) => ({
        id: attachment.disk.id,
        alias: attachment.disk.alias,
        sizeBytes: Number(attachment.disk.provisioned_size),
        format: attachment.disk.format,
        interface: attachment.interface,
        bootable: attachment.bootable === "true",
        active: attachment.active === "true",
      }))
      .sort(byKey("alias")),
  };
};

const byKey =
  (key: string) =>
  (left: Tree, right: Tree): number =>
    String(left[key]).localeCompare(String(right[key]));
