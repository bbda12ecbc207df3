/** What a call set going: it is over when everything that the call left for later is. */
export interface Job {
  readonly id: string;
  readonly description: string;
  readonly login: string;
  readonly correlationId?: string;
  readonly startedMs: number;
  endedMs?: number;
  /** `unknown` after the engine was restarted. */
  status: "started" | "finished" | "failed" | "unknown";
}
