import type { EngineEvent } from "../../model/event.ts";
import type { World } from "../../model/world.ts";
import { Instant, type Resource } from "../resource.ts";
import { hrefOf, stubOf } from "./links.ts";

/** `/events`; what the lab did is nobody's. */
export const eventResource = (world: World, event: EngineEvent): Resource => ({
  element: "event",
  id: String(event.index),
  href: hrefOf("events", String(event.index)),
  fields: {
    index: event.index,
    code: event.code,
    severity: event.severity,
    time: new Instant(event.timeMs),
    description: event.description,
    origin: event.origin,
    correlation_id: event.correlationId,
    custom_id: event.customId ?? -1,
    vm: stubOf("vm", "vms", event.vmId),
    user: stubOf("user", "users", [...world.users.values()].find(({ login }) => login === event.madeBy)?.id),
  },
});
