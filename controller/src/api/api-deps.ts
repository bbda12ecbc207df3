import type { TicketBox } from "../agents/tickets.ts";
import type { ConfigurationKeeper } from "../configurations/configuration-keeper.ts";
import type { EngineConnector } from "../inventory/engine-connector.ts";
import type { DoctorDeps } from "../doctor/doctor-deps.ts";
import type { MaintenanceBoard } from "../maintenance/maintenance-board.ts";
import type { Member } from "../identity/member.ts";
import type { Users } from "../identity/users.ts";
import type { StepDeps } from "../sessions/step-task.ts";
import type { TaskRunner } from "../sessions/task-runner.ts";
import type { WorkerRoster } from "../workers/worker-roster.ts";
import type { WorkerSettings } from "../workers/worker-settings.ts";

/** What answering operators needs. */
export interface ApiDeps extends StepDeps {
  readonly engines: EngineConnector;
  readonly runner: Pick<TaskRunner, "poke" | "interrupt">;
  readonly tickets: TicketBox;
  readonly roster: WorkerRoster;
  readonly workerSettings: WorkerSettings;
  readonly workerRunner: Pick<TaskRunner, "poke" | "interrupt">;
  /** IANA zone of the installation. */
  readonly timeZone: string;
  readonly version: string;
  readonly startedMs: number;
  readonly users: Users;
  readonly doctor: DoctorDeps;
  /** Backups of the installation itself. */
  readonly configurations: ConfigurationKeeper;
  readonly board: MaintenanceBoard;
  readonly maintenanceRunner: Pick<TaskRunner, "poke">;
  /** What follows for the work when a member was revoked. */
  readonly onRevoked: (member: Member) => Promise<void>;
}
