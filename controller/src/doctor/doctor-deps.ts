import type { Bus } from "@holdfast/shared/bus/bus";
import type { WrittenFolder } from "@holdfast/shared/doctor/space-finding";
import type { ConfigurationKeeper } from "../configurations/configuration-keeper.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { EngineView } from "./engine-view.ts";
import type { ExaminationDesk } from "./examination-desk.ts";
import type { RingForExamination } from "./serve-examinations.ts";

/** What examining the installation needs of the controller. */
export interface DoctorDeps extends Pick<WorkDeps, "clock" | "log" | "agents" | "managers" | "repositories"> {
  readonly identity: Pick<WorkDeps["identity"], "holder" | "authority" | "members">;
  readonly examinations: ExaminationDesk;
  readonly ring: RingForExamination;
  readonly bus: Pick<Bus, "state">;
  /** Where the controller dials the bus. */
  readonly busServers: readonly string[];
  /** Where the controller writes. */
  readonly folders: readonly WrittenFolder[];
  /** What is to be reached of the managers. */
  readonly engines: (signal: AbortSignal) => Promise<readonly EngineView[]>;
  /** Backups of the installation itself. */
  readonly configurations: Pick<ConfigurationKeeper, "recovery" | "standings">;
  readonly version: string;
}

/** How long a process is given. */
export interface ExamineLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
