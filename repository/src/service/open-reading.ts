import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toBaseDisks } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";
import { holdOpen } from "./hold.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Opens a point for reading and holds it (D1). */
export const openReading = ({ store, catalog, readings, log }: ServiceDeps): Calls["openReading"] =>
  async function* (request, context) {
    const point = catalog.requireLive(toPointId(request.pointId));
    const reading = readings.open(point);
    log.info("reading opened", { reading: reading.readingId, point: point.pointId });
    try {
      yield { readingId: reading.readingId, chunkSize: store.facts.chunkSize, disks: toBaseDisks(point) };
      await holdOpen(reading, context);
    } finally {
      reading.end(new HoldfastError("READING_UNKNOWN", `reading ${reading.readingId} is over: its stream ended`));
      log.info("reading over", { reading: reading.readingId, point: point.pointId });
    }
  };
