import { systemClock } from "@holdfast/shared/clock/clock";
import { serveThread } from "../lanes/serve-thread.ts";
import { RestoreLane } from "./restore-lane.ts";
import type { RestoreLaneAnswer, RestoreLaneRequest, RestoreLaneStart } from "./restore-messages.ts";

serveThread<RestoreLaneStart, RestoreLaneRequest, RestoreLaneAnswer>((start) => {
  const lane = new RestoreLane(start, systemClock);
  return (request, signal) => lane.answer(request, signal);
});
