import { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { MissingEntity, conflict, incomplete } from "../engine/engine-fault.ts";
import { noteEvent } from "../events/event-log.ts";
import { entity, integer, parseBody, reference, text } from "../http/body.ts";
import { type Answer, type Call, type Handle, created, ok, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import { eventResource } from "../rendering/resources/event.ts";
import { searchableEvent } from "./searchable.ts";

const eventBody = entity(
  {
    origin: text.optional(),
    custom_id: integer.optional(),
    severity: z.enum(["normal", "warning", "error", "alert"]).optional(),
    description: text.optional(),
    vm: reference.optional(),
  },
  [
    "id",
    "code",
    "correlation_id",
    "time",
    "flood_rate",
    "cluster",
    "data_center",
    "host",
    "storage_domain",
    "template",
    "user",
  ],
);

/** Newest first; with `from`, those with a greater index, oldest first. */
const list = (engine: Engine, call: Call): Answer => {
  const from = call.query.get("from");
  const all =
    from === null
      ? engine.world.events.toReversed()
      : engine.world.events.filter((event) => event.index > Number(from));
  return searchedRows(
    call,
    {
      element: "event",
      all,
      searchable: (event) => searchableEvent(engine.world, event),
    },
    (event) => eventResource(engine.world, event),
  );
};

const post = (engine: Engine, call: Call): Answer => {
  const body = parseBody(eventBody, call.body);
  const { origin, custom_id: customId, severity, description } = body;
  if (origin === undefined || customId === undefined || severity === undefined || description === undefined) {
    throw incomplete("Event [origin, severity, customId, description] required for add");
  }
  if (engine.world.events.some((event) => event.origin === origin && event.customId === customId)) {
    throw conflict(`Cannot add External Event. The custom ID ${customId} of origin ${origin} already exists.`);
  }
  const event = noteEvent(engine, call.actor, {
    code: 9801,
    description,
    severity,
    origin,
    customId,
    ...(body.vm === undefined ? {} : { vmId: body.vm.id }),
  });
  engine.save();
  return created(eventResource(engine.world, event));
};

/** `/events` */
export const eventRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/events", handle: (call) => list(engine, call) },
  { method: "POST", pattern: "/events", handle: (call) => post(engine, call) },
  {
    method: "GET",
    pattern: "/events/:event",
    handle: (call) => {
      const event = engine.world.events.find(({ index }) => String(index) === param(call, "event"));
      if (event === undefined) throw new MissingEntity("no such event");
      return ok(eventResource(engine.world, event));
    },
  },
];
