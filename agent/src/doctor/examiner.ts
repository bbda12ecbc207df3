import type { Examination } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type { Check } from "@holdfast/shared/doctor/check";

/** A part of what an agent found. */
export interface FoundPart {
  readonly part: number;
  readonly isLast: boolean;
  readonly checks: readonly Check[];
  /** Number of the agent's trust bundle. */
  readonly trustNumber: number;
}

/** Who examines an agent: the controller, as an examination sees it. */
export interface Examiner {
  /** What is to be looked at; NOT_FOUND for an examination that is over. */
  begin(examineId: string, signal: AbortSignal): Promise<Examination>;
  /** Tells what was found; a part may be told again. */
  tell(examineId: string, found: FoundPart, signal: AbortSignal): Promise<void>;
}
