import { systemClock } from "@holdfast/shared/clock/clock";
import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import type { LaneCalls } from "../lanes/lane-pool.ts";
import { BackupLane } from "./backup-lane.ts";
import type { LaneAnswer, LaneRequest, LaneStart } from "./lane-messages.ts";

serveCalls((start: LaneStart) => {
  const lane = new BackupLane(start, systemClock);
  const calls: LaneCalls<LaneRequest, LaneAnswer> = { work: (request, signal) => lane.answer(request, signal) };
  return { calls };
});
