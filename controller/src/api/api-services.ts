import type { ServedService } from "@holdfast/shared/rpc/implementation";
import { serveAgentList } from "./agent/agent-service.ts";
import type { ApiDeps } from "./api-deps.ts";
import { serveDoctor } from "./doctor/doctor-service.ts";
import { serveIdentity } from "./identity/identity-service.ts";
import { serveInventory } from "./inventory/inventory-service.ts";
import { serveJobs } from "./job/job-service.ts";
import { serveManagers } from "./manager/manager-service.ts";
import { servePoints } from "./point/point-service.ts";
import { serveRecovery } from "./recovery/recovery-service.ts";
import { serveRepositories } from "./repository/repository-service.ts";
import { serveRestores } from "./restore/restore-service.ts";
import { serveSessions } from "./session/session-service.ts";
import { serveSystem } from "./system/system-service.ts";
import { serveWorkers } from "./worker/worker-service.ts";

/** Everything that operators may ask: `holdfast.controller.v1`. */
export const apiServices = (deps: ApiDeps): readonly ServedService[] => [
  serveSystem(deps),
  serveManagers(deps),
  serveInventory(deps),
  serveRepositories(deps),
  serveAgentList(deps),
  serveWorkers(deps),
  serveJobs(deps),
  serveSessions(deps),
  servePoints(deps),
  serveRestores(deps),
  serveIdentity(deps),
  serveDoctor(deps),
  serveRecovery(deps),
];
