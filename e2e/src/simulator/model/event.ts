/** An audit row of the engine. */
export interface EngineEvent {
  /** Grows by one with each event; also its id in the API. */
  readonly index: number;
  readonly code: number;
  readonly severity: "normal" | "warning" | "error" | "alert";
  readonly timeMs: number;
  readonly description: string;
  readonly origin: string;
  readonly correlationId?: string;
  readonly customId?: number;
  readonly vmId?: string;
  readonly diskId?: string;
  readonly madeBy: string;
}
