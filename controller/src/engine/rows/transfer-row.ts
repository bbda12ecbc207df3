import * as z from "zod";

import type { Transfer, TransferPhase } from "../../hypervisor/transfers.ts";
import { stub } from "../values.ts";

/** The engine's phases in our words; one that is not here is waited through like an opening one. */
const phases: Readonly<Record<string, TransferPhase>> = {
  initializing: "opening",
  resuming: "opening",
  transferring: "open",
  paused_system: "paused",
  paused_user: "paused",
  cancelled: "closing",
  cancelled_system: "closing",
  cancelled_user: "closing",
  finalizing_success: "closing",
  finalizing_failure: "closing",
  finalizing_cleanup: "closing",
  finished_success: "succeeded",
  finished_failure: "failed",
  finished_cleanup: "cancelled",
};

/** `/imagetransfers`; the disk comes back as `image` only. */
export const transferRow = z
  .object({
    id: z.string(),
    phase: z.string().default("unknown"),
    // Engines take `upload` for a missing direction.
    direction: z.enum(["upload", "download"]).default("upload"),
    image: stub.optional(),
    disk: stub.optional(),
    host: stub.optional(),
    transfer_url: z.string().optional(),
    proxy_url: z.string().optional(),
  })
  .transform((row): Transfer => ({
    id: row.id,
    phase: phases[row.phase] ?? "opening",
    enginePhase: row.phase,
    direction: row.direction,
    diskId: row.disk?.id ?? row.image?.id,
    hostId: row.host?.id,
    transferUrl: row.transfer_url,
    proxyUrl: row.proxy_url,
  }));
