import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import type { LaneCalls } from "../lanes/lane-pool.ts";
import { CopyLane } from "./copy-lane.ts";
import type { CopyLaneAnswer, CopyLaneRequest, CopyLaneStart } from "./copy-messages.ts";

serveCalls((start: CopyLaneStart) => {
  const lane = new CopyLane(start);
  const calls: LaneCalls<CopyLaneRequest, CopyLaneAnswer> = { work: (request, signal) => lane.answer(request, signal) };
  return { calls };
});
