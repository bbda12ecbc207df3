import { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { existing, incomplete } from "../engine/engine-fault.ts";
import { bool, entity, integer, parseBody, reference } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Transfer } from "../model/transfer.ts";
import { transferResource } from "../rendering/resources/transfer.ts";
import { urlsOf } from "../transfers/transfer-tickets.ts";
import type { Transfers } from "../transfers/transfers.ts";

const transferBody = entity(
  {
    disk: reference.optional(),
    snapshot: reference.optional(),
    image: reference.optional(),
    backup: reference.optional(),
    host: reference.optional(),
    direction: z.enum(["upload", "download"]).optional(),
    format: z.enum(["cow", "raw"]).optional(),
    shallow: bool.optional(),
    inactivity_timeout: integer.optional(),
    timeout_policy: z.enum(["legacy", "pause", "cancel"]).optional(),
  },
  ["id", "name", "comment", "active", "phase", "transferred", "transfer_url", "proxy_url", "signed_ticket"],
);

const create = (engine: Engine, transfers: Transfers, call: Call): Answer => {
  const body = parseBody(transferBody, call.body);
  const sources = [body.disk, body.snapshot, body.image].filter((source) => source !== undefined);
  if (sources.length !== 1) throw incomplete("ImageTransfer [disk|image|snapshot.id] required for add");
  const transfer = transfers.create(call.actor, {
    diskId: body.disk?.id ?? body.image?.id,
    imageId: body.snapshot?.id,
    backupId: body.backup?.id,
    hostId: body.host?.id,
    // The engine's default, and a trap for clients.
    direction: body.direction ?? "upload",
    format: body.format,
    shallow: body.shallow ?? false,
    inactivityTimeoutS: body.inactivity_timeout ?? 60,
    timeoutPolicy: body.timeout_policy ?? "legacy",
  });
  return created(show(engine, transfer));
};

const show = (engine: Engine, transfer: Transfer) => transferResource(transfer, urlsOf(engine, transfer));

/** Actions never tell that a transfer is unknown: they answer 200 and do nothing. */
const action = (name: string, act: (call: Call, id: string) => void | Promise<void>): Route<Handle> => ({
  method: "POST",
  pattern: `/imagetransfers/:transfer/${name}`,
  handle: async (call) => {
    await act(call, param(call, "transfer"));
    return accepted();
  },
});

/** `/imagetransfers` */
export const transferRoutes = (engine: Engine, transfers: Transfers): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/imagetransfers",
    handle: (call) =>
      rows(
        call,
        "image_transfer",
        [...engine.world.transfers.values()].map((one) => show(engine, one)),
      ),
  },
  { method: "POST", pattern: "/imagetransfers", handle: (call) => create(engine, transfers, call) },
  {
    method: "GET",
    pattern: "/imagetransfers/:transfer",
    handle: (call) => ok(show(engine, existing(engine.world.transfers, param(call, "transfer")))),
  },
  // It touches the engine's row only; the engine itself keeps tickets alive.
  action("extend", () => undefined),
  action("pause", (_call, id) => transfers.pause(id)),
  action("resume", (call, id) => {
    transfers.resume(call.actor, id);
  }),
  action("cancel", (call, id) => {
    transfers.cancel(call.actor, id);
  }),
  action("finalize", (call, id) => {
    transfers.finalize(call.actor, id);
  }),
];
