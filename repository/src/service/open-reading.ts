import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toBaseDisks } from "../catalog/point-message.ts";
import { refused } from "./authorize.ts";
import type { ServiceDeps } from "./deps.ts";
import { holdOpen } from "./hold.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Opens a point for reading and holds it (D1). */
export const openReading = ({ store, catalog, readings, log, authorizer }: ServiceDeps): Calls["openReading"] =>
  async function* (request, context) {
    const permission = authorizer.permissionOf(context);
    const pointId = toPointId(request.pointId);
    if (permission.claims.pointId !== pointId) throw refused("it is for another point");
    const point = catalog.requireLive(pointId);
    const reading = readings.open(point, permission.keyId);
    log.info("reading opened", { reading: reading.readingId, point: point.pointId });
    try {
      yield { readingId: reading.readingId, chunkSize: store.facts.chunkSize, disks: toBaseDisks(point) };
      await holdOpen(reading, context);
    } finally {
      reading.end(new HoldfastError("READING_UNKNOWN", `reading ${reading.readingId} is over: its stream ended`));
      log.info("reading over", { reading: reading.readingId, point: point.pointId });
    }
  };
