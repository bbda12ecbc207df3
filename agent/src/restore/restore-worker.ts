import { systemClock } from "@holdfast/shared/clock/clock";
import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import type { LaneCalls } from "../lanes/lane-pool.ts";
import { RestoreLane } from "./restore-lane.ts";
import type { RestoreLaneAnswer, RestoreLaneRequest, RestoreLaneStart } from "./restore-messages.ts";

serveCalls((start: RestoreLaneStart) => {
  const lane = new RestoreLane(start, systemClock);
  const calls: LaneCalls<RestoreLaneRequest, RestoreLaneAnswer> = {
    work: (request, signal) => lane.answer(request, signal),
  };
  return { calls };
});
