import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";

import type { BelongingRequest, BuildOperations, SettingsRequest } from "../../hypervisor/builds.ts";
import type { EngineClient } from "../engine-client.ts";
import { hostRow, storageDomainRow } from "../rows/place-rows.ts";
import { collection, stub } from "../values.ts";
import { toSettingsBody } from "../vm-settings-body.ts";

type SettingsOperations = Pick<BuildOperations, "setSettings" | "addBelonging">;

const namedRow = z.object({ id: z.string(), name: z.string().default("") });
const groupRow = namedRow.extend({ vms: collection("vm", stub).optional() });

/** Giving a VM back what it was. */
export class VmSettingsCalls implements SettingsOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async setSettings({ vmId, configuration, fields }: SettingsRequest, signal: AbortSignal) {
    const { hosts = [], leaseDomain } = configuration.belongings ?? {};
    const wantsHosts = fields.includes("placement_policy.hosts") && hosts.length > 0;
    const wantsLease = fields.includes("lease.storage_domain") && leaseDomain !== undefined;
    const found = wantsHosts ? await this.#list("/hosts", collection("host", hostRow), signal) : [];
    const domains = wantsLease
      ? await this.#list("/storagedomains", collection("storage_domain", storageDomainRow), signal)
      : [];
    const body = toSettingsBody(configuration, fields, {
      hostIds: found.filter(({ name }) => hosts.includes(name)).map(({ id }) => id),
      leaseDomainId: domains.find(({ name }) => name === leaseDomain)?.id,
    });
    if (Object.keys(body).length === 0) return;
    await this.#client.tell({ method: "PUT", path: `/vms/${vmId}`, body, repeatable: true }, signal);
  }

  async addBelonging({ vmId, clusterId, kind, name }: BelongingRequest, signal: AbortSignal) {
    if (kind === "tags") {
      await this.#client.tell({ method: "POST", path: `/vms/${vmId}/tags`, body: { name } }, signal);
      return;
    }
    if (kind === "watchdogs") {
      const [model, action] = name.split(" ");
      await this.#client.tell({ method: "POST", path: `/vms/${vmId}/watchdogs`, body: { model, action } }, signal);
      return;
    }
    const path = kind === "affinityLabels" ? "/affinitylabels" : `/clusters/${clusterId}/affinitygroups`;
    const element = kind === "affinityLabels" ? "affinity_label" : "affinity_group";
    const all = await this.#list(path, collection(element, namedRow), signal);
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new HoldfastError("NOT_FOUND", `the engine has no ${element} ${name}`);
    await this.#client.tell({ method: "POST", path: `${path}/${found.id}/vms`, body: { id: vmId } }, signal);
  }

  /** Names of the affinity groups of a cluster that a VM is in. */
  async groupsOf(clusterId: string | undefined, vmId: string, signal: AbortSignal): Promise<readonly string[]> {
    if (clusterId === undefined) return [];
    const call = { method: "GET", path: `/clusters/${clusterId}/affinitygroups`, query: { follow: "vms" } } as const;
    const groups = (await this.#client.find(call, collection("affinity_group", groupRow), signal)) ?? [];
    return groups.filter(({ vms }) => vms?.some(({ id }) => id === vmId) === true).map(({ name }) => name);
  }

  async #list<Schema extends z.ZodType>(path: string, schema: Schema, signal: AbortSignal): Promise<z.output<Schema>> {
    return await this.#client.ask({ method: "GET", path }, schema, signal);
  }
}
