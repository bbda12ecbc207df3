import { hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { EngineEvent, EventNotice, EventOperations } from "../../hypervisor/events.ts";
import type { EngineClient } from "../engine-client.ts";
import { eventRow } from "../rows/capture-rows.ts";
import { collection } from "../values.ts";

/** Who tells, in the engine's log. */
const origin = "Holdfast";

/** The engine's log. */
export class EventCalls implements EventOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async listEvents(correlationId: string, signal: AbortSignal) {
    const found = await this.#search(`correlation_id=${correlationId}`, signal);
    return found.filter((event) => event.correlationId === correlationId);
  }

  async listEventsNaming(captureId: string, signal: AbortSignal) {
    const found = await this.#search(captureId, signal);
    return found.filter(({ description }) => description.includes(captureId));
  }

  async postEvent({ customId, severity, description, vmId }: EventNotice, signal: AbortSignal) {
    const vm = vmId === undefined ? {} : { vm: { id: vmId } };
    const body = { origin, custom_id: String(customId), severity, description, ...vm };
    try {
      await this.#client.tell({ method: "POST", path: "/events", body, repeatable: true }, signal);
    } catch (caught) {
      if (!hasCode(caught, "ALREADY_EXISTS")) throw caught;
    }
  }

  /** What an engine makes of a search is only a candidate: whoever asks compares. */
  async #search(terms: string, signal: AbortSignal): Promise<readonly EngineEvent[]> {
    const query = { search: `${terms} sortby time desc`, max: "200" };
    const call = { method: "GET", path: "/events", query } as const;
    const rows = await this.#client.ask(call, collection("event", eventRow), signal);
    return rows.toSorted((one, other) => one.index - other.index);
  }
}
