import type { Engine } from "../engine/engine.ts";
import type { CallFaults } from "../faults/call-faults.ts";
import type { RuleTable } from "../faults/rule-table.ts";
import type { GuestWriters } from "../guest/guest-writers.ts";
import type { CallCounters } from "../http/counters.ts";
import type { Tokens } from "../sso/tokens.ts";
import type { Transfers } from "../transfers/transfers.ts";
import type { ServedBytes } from "./served-bytes.ts";

/** What the control endpoint reaches into. */
export interface Control {
  readonly engine: Engine;
  readonly tokens: Tokens;
  readonly counters: CallCounters;
  readonly faults: CallFaults;
  readonly rules: RuleTable;
  readonly transfers: Transfers;
  readonly guests: GuestWriters;
  readonly served: ServedBytes;
  /** Where contents of new disks lie for a moment. */
  readonly directory: string;
}

/** A request of the control endpoint. */
export interface ControlCall {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A route's code; what it answers is sent as JSON. */
export type ControlHandle = (call: ControlCall) => unknown;
