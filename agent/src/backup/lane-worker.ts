import { systemClock } from "@holdfast/shared/clock/clock";
import { serveThread } from "../lanes/serve-thread.ts";
import { BackupLane } from "./backup-lane.ts";
import type { LaneAnswer, LaneRequest, LaneStart } from "./lane-messages.ts";

serveThread<LaneStart, LaneRequest, LaneAnswer>((start) => {
  const lane = new BackupLane(start, systemClock);
  return (request, signal) => lane.answer(request, signal);
});
