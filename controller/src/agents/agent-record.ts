import type { AgentId } from "@holdfast/shared/ids/ids";

/** What an agent last said of itself, as it is kept. */
export interface AgentRecord {
  readonly agentId: AgentId;
  readonly name: string;
  readonly version: string;
  /** Random per life of the process. */
  readonly incarnation: string;
  readonly managerName: string;
  readonly clusterName: string;
  /** The engine's host that it runs on; empty for none. */
  readonly hostName: string;
  readonly slots: number;
  /** Empty for none. */
  readonly diskServiceAddress: string;
  readonly reachableHosts: readonly string[];
  readonly startedMs: number;
  /** It ends what it holds and takes nothing new. */
  readonly isDraining: boolean;
  /** Why it takes no task from this controller, in its own words; empty when it does. */
  readonly refusal: string;
  /** Wall-clock time of the last hello, for showing only. */
  readonly seenMs: number;
}
