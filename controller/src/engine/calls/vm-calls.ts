import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";

import type { AttachmentRequest, BuildOperations, NicRequest, VmRequest } from "../../hypervisor/builds.ts";
import type { EngineClient } from "../engine-client.ts";
import { toVmBody } from "../vm-body.ts";
import { toSavedVm, vmConfigurationRow } from "../rows/vm-configuration-row.ts";
import { vmRow } from "../rows/vm-rows.ts";
import { collection, stub } from "../values.ts";
import { tellUnlessGone } from "./capture-calls.ts";
import { type InventoryCalls, vmNotFound } from "./inventory-calls.ts";
import type { VmSettingsCalls } from "./vm-settings-calls.ts";

type VmOperations = Pick<
  BuildOperations,
  "getVmConfiguration" | "createVm" | "attachDisk" | "listNicNames" | "addNic" | "describeVm" | "startVm" | "removeVm"
>;

const disksAndNics = "disk_attachments.disk,nics";
const belongings = "template,tags,affinitylabels,cdroms,watchdogs,hostdevices,numanodes,mediateddevices";

/** An engine may be unable to inline a list or to tell one as it should: a VM is saved without rather than not at all. */
const unlessUntold = async <Told>(
  what: string,
  ask: () => Promise<Told>,
): Promise<{ readonly told?: Told; readonly untold?: string }> => {
  try {
    return { told: await ask() };
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT", "ENGINE_PROTOCOL", "ENGINE_FORBIDDEN")) throw caught;
    const { code, message } = HoldfastError.from(caught);
    return { untold: `${what}: ${code}: ${message}` };
  }
};

/** Saving VMs and making them anew. */
export class VmCalls implements VmOperations {
  readonly #client: EngineClient;
  readonly #inventory: InventoryCalls;
  readonly #settings: VmSettingsCalls;

  constructor(client: EngineClient, inventory: InventoryCalls, settings: VmSettingsCalls) {
    this.#client = client;
    this.#inventory = inventory;
    this.#settings = settings;
  }

  async getVmConfiguration(vmId: string, signal: AbortSignal) {
    const links = await unlessUntold("what it is linked to", () => this.#findConfiguration(vmId, true, signal));
    const areLinksRead = links.untold === undefined;
    const row = areLinksRead ? links.told : await this.#findConfiguration(vmId, false, signal);
    if (row === undefined) throw vmNotFound(vmId);
    const clusterId = row.cluster?.id;
    const names = await this.#inventory.namesFor(clusterId, signal);
    const hosts = (row.placement_policy?.hosts ?? []).length === 0 ? [] : await this.#inventory.listHosts(signal);
    const groups = await unlessUntold("its affinity groups", () => this.#settings.groupsOf(clusterId, vmId, signal));
    const unread = [links, groups].flatMap(({ untold }) => untold ?? []);
    return toSavedVm(row, { ...names, hosts, areLinksRead, affinityGroups: groups.told, unread });
  }

  #findConfiguration(vmId: string, withLinks: boolean, signal: AbortSignal) {
    const query = { all_content: "true", follow: withLinks ? `${disksAndNics},${belongings}` : disksAndNics };
    return this.#client.find({ method: "GET", path: `/vms/${vmId}`, query }, vmConfigurationRow, signal);
  }

  async createVm(request: VmRequest, signal: AbortSignal) {
    const { correlationId } = request;
    const call = { method: "POST", path: "/vms", body: toVmBody(request), correlationId } as const;
    const row = await this.#client.ask(call, vmRow, signal);
    return this.#inventory.toVmWithLevel(row, signal);
  }

  async attachDisk(request: AttachmentRequest, signal: AbortSignal) {
    const { vmId, diskId, bootable, active, readOnly } = request;
    const path = `/vms/${vmId}/diskattachments`;
    const body = {
      interface: request.interface,
      bootable: String(bootable),
      active: String(active),
      read_only: String(readOnly),
      ...(request.passDiscard === undefined ? {} : { pass_discard: String(request.passDiscard) }),
      disk: { id: diskId },
    };
    try {
      await this.#client.tell({ method: "POST", path, body }, signal);
    } catch (caught) {
      if (!hasCode(caught, "ALREADY_EXISTS", "ENGINE_FAULT", "ENGINE_CONFLICT")) throw caught;
      const there = await this.#client.find({ method: "GET", path: `${path}/${diskId}` }, stub, signal);
      if (there === undefined) throw caught;
    }
  }

  async listNicNames(vmId: string, signal: AbortSignal) {
    const nics = collection("nic", z.object({ name: z.string() }));
    const found = await this.#client.find({ method: "GET", path: `/vms/${vmId}/nics` }, nics, signal);
    if (found === undefined) throw vmNotFound(vmId);
    return found.map(({ name }) => name);
  }

  addNic(request: NicRequest, signal: AbortSignal) {
    const body = {
      name: request.name,
      interface: request.interface,
      linked: String(request.linked),
      plugged: String(request.plugged),
      ...(request.vnicProfileId === undefined ? {} : { vnic_profile: { id: request.vnicProfileId } }),
      ...(request.mac === undefined ? {} : { mac: { address: request.mac } }),
    };
    return this.#client.tell({ method: "POST", path: `/vms/${request.vmId}/nics`, body }, signal);
  }

  describeVm(request: Parameters<BuildOperations["describeVm"]>[0], signal: AbortSignal) {
    const { vmId, description } = request;
    return this.#client.tell({ method: "PUT", path: `/vms/${vmId}`, body: { description }, repeatable: true }, signal);
  }

  async startVm(vmId: string, signal: AbortSignal) {
    try {
      await this.#client.tell({ method: "POST", path: `/vms/${vmId}/start` }, signal);
    } catch (caught) {
      throw hasCode(caught, "NOT_FOUND") ? vmNotFound(vmId) : caught;
    }
  }

  removeVm(request: Parameters<BuildOperations["removeVm"]>[0], signal: AbortSignal) {
    const { vmId, keepDisks } = request;
    const query = keepDisks ? { detach_only: "true" } : undefined;
    return tellUnlessGone(this.#client, { method: "DELETE", path: `/vms/${vmId}`, query }, signal);
  }
}
