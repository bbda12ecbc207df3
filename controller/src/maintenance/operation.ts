import type { PointNames } from "../repositories/keys/point-names.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { Remark } from "../sessions/remark.ts";
import type { MaintenanceProgress } from "./maintenance-board.ts";
import type { MaintenanceRequest } from "./maintenance.ts";

/** What an operation works with. */
export interface OperationContext {
  readonly repository: RepositoryConnection;
  readonly request: MaintenanceRequest;
  /** Opens a point's manifest; KEY_MISSING when it is sealed and its key is not at hand. */
  readonly openManifest: (
    repository: RepositoryConnection,
    manifest: Uint8Array,
    signal: AbortSignal,
  ) => Promise<unknown>;
  /** Names of points that their repository has only sealed. */
  readonly names: Pick<PointNames, "fill">;
  /** Ids of the jobs that this controller has. */
  readonly knownJobs: () => Promise<ReadonlySet<string>>;
  /** Shows how far it is. */
  readonly tell: (progress: MaintenanceProgress) => void;
  /** Writes down how far it is, in its own request: it goes on there when it was broken off. */
  readonly keep: (request: MaintenanceRequest) => Promise<void>;
  /** Aborts when an operator cancelled it, or the controller stops: then it begins again when the controller is back. */
  readonly signal: AbortSignal;
}

/** Does the work of one kind to its end; what it found are remarks, and the worst of them is the session's result. */
export type Operation = (context: OperationContext) => Promise<readonly Remark[]>;
