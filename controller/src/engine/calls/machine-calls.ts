import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { GuestSetup, MachineOperations, MachineRequest, MachineShape } from "../../hypervisor/machines.ts";
import type { EngineClient } from "../engine-client.ts";
import { toBootBody, toMachineBody, toShapeBody } from "../machine-body.ts";
import { listPaged } from "../paging.ts";
import { nicRow, templateRow } from "../rows/machine-rows.ts";
import { collection, stub } from "../values.ts";
import { tellUnlessGone } from "./capture-calls.ts";
import { vmNotFound } from "./inventory-calls.ts";

/** Machines of our own. */
export class MachineCalls implements MachineOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async findTemplate(name: string, signal: AbortSignal) {
    // Engines compare with wildcards and without case: the answer is only a candidate.
    const list = {
      path: "/templates",
      element: "template",
      row: templateRow,
      sortBy: "name",
      terms: `name="${name}"`,
    };
    const found = await listPaged(this.#client, list, signal);
    return found
      .filter((one) => one.name === name)
      .toSorted((one, other) => other.versionNumber - one.versionNumber)
      .at(0);
  }

  async createMachine(request: MachineRequest, signal: AbortSignal) {
    const { correlationId, templateId, storageDomainId } = request;
    // Only a copy may lie where the template's disks do not.
    const isCopy = templateId !== undefined && storageDomainId !== undefined;
    const query = isCopy ? { clone: "true" } : undefined;
    const call = { method: "POST", path: "/vms", query, body: toMachineBody(request), correlationId } as const;
    return (await this.#client.ask(call, stub, signal)).id;
  }

  reshapeMachine(vmId: string, shape: MachineShape, signal: AbortSignal) {
    const call = { method: "PUT", path: `/vms/${vmId}`, body: toShapeBody(shape), repeatable: true } as const;
    return this.#client.tell(call, signal);
  }

  async listNics(vmId: string, signal: AbortSignal) {
    const nics = await this.#client.find(
      { method: "GET", path: `/vms/${vmId}/nics` },
      collection("nic", nicRow),
      signal,
    );
    if (nics === undefined) throw vmNotFound(vmId);
    return nics.toSorted((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
  }

  removeNic({ vmId, nicId }: Parameters<MachineOperations["removeNic"]>[0], signal: AbortSignal) {
    return tellUnlessGone(this.#client, { method: "DELETE", path: `/vms/${vmId}/nics/${nicId}` }, signal);
  }

  bootMachine(vmId: string, setup: GuestSetup, signal: AbortSignal) {
    return this.#act(vmId, { action: "start", body: toBootBody(setup) }, signal);
  }

  suspendVm(vmId: string, signal: AbortSignal) {
    return this.#act(vmId, { action: "suspend" }, signal);
  }

  shutDownVm(vmId: string, signal: AbortSignal) {
    return this.#act(vmId, { action: "shutdown" }, signal);
  }

  powerOffVm(vmId: string, signal: AbortSignal) {
    return this.#act(vmId, { action: "stop" }, signal);
  }

  async #act(
    vmId: string,
    { action, body }: { readonly action: string; readonly body?: unknown },
    signal: AbortSignal,
  ) {
    try {
      await this.#client.tell({ method: "POST", path: `/vms/${vmId}/${action}`, body: body ?? {} }, signal);
    } catch (caught) {
      throw hasCode(caught, "NOT_FOUND") ? vmNotFound(vmId) : caught;
    }
  }
}
