import type { Check } from "@holdfast/shared/doctor/check";
import type { KnownAgent } from "../agents/agent-registry.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { UploadImage } from "../hypervisor/image-upload.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { JoinTokenIssuer } from "./join-token-issuer.ts";
import type { Worker } from "./worker.ts";
import type { WorkerNeeds } from "./worker-needs.ts";
import type { WorkerRoster } from "./worker-roster.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What looking after workers needs of the rest of the controller. */
export interface WorkerDeps extends Pick<
  WorkDeps,
  "database" | "clock" | "log" | "random" | "installationId" | "managers" | "agents" | "patience" | "changes"
> {
  readonly roster: WorkerRoster;
  readonly needs: WorkerNeeds;
  readonly issuer: JoinTokenIssuer;
  /** Has an agent look at whom it needs; rejects only with the signal's reason. */
  readonly examine: (agent: KnownAgent, signal: AbortSignal) => Promise<readonly Check[]>;
  readonly upload: UploadImage;
  /** A folder for images while they are unpacked. */
  readonly imageDir: string;
  readonly workerSettings: WorkerSettings;
}

/** A worker with the manager that it lives on. */
export interface WorkerAt {
  readonly worker: Worker;
  readonly manager: ManagerConnection;
  readonly hypervisor: Hypervisor;
}
