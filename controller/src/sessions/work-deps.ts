import type { Clock } from "@holdfast/shared/clock/clock";
import type { InstallationId, RandomBytes } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { AgentRegistry } from "../agents/agent-registry.ts";
import type { AttemptLiveness } from "../agents/attempt-liveness.ts";
import type { Database } from "../database/database.ts";
import type { IdentityDeps } from "../identity/identity-deps.ts";
import type { TaskTokens } from "../identity/task-tokens.ts";
import type { CleaningBoard } from "../janitor/cleaning-board.ts";
import type { ManagerRegistry } from "../inventory/manager-registry.ts";
import type { PlacedWorker } from "../placement/placed-worker.ts";
import type { RepositoryRegistry } from "../repositories/repository-registry.ts";
import type { SecretBox } from "../secrets/secret-box.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { Patience } from "./patience.ts";
import type { ProgressBoard } from "./progress-board.ts";
import type { WorkSettings } from "./work-settings.ts";

/** Nudges agents; a lost nudge costs seconds. */
export interface WakeBell {
  /** Agents of a cluster: look at your queue. */
  cluster(managerId: string, clusterId: string): void;
  /** One agent: ask for this attempt's orders now. */
  attempt(agentId: string, attemptId: string): void;
}

/** The worker VMs of all clusters as they are now. */
export interface WorkerDirectory {
  placed(): readonly PlacedWorker[];
}

/** What the work of sessions needs of the rest of the controller. */
export interface WorkDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly installationId: InstallationId;
  /** Who belongs to the installation. */
  readonly identity: IdentityDeps;
  readonly taskTokens: TaskTokens;
  /** Seals what attempts keep of VMs (R12). */
  readonly secrets: SecretBox;
  readonly managers: ManagerRegistry;
  readonly repositories: RepositoryRegistry;
  readonly agents: AgentRegistry;
  readonly workers: WorkerDirectory;
  readonly liveness: AttemptLiveness;
  readonly progress: ProgressBoard;
  readonly changes: ChangeFeed;
  readonly patience: Patience;
  /** What the janitor did and could not do. */
  readonly cleaning: CleaningBoard;
  readonly bell: WakeBell;
  readonly settings: WorkSettings;
}
