import type { Engine } from "../engine/engine.ts";
import type { Handle } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { accessRoutes } from "./access-routes.ts";
import { attachmentRoutes } from "./attachment-routes.ts";
import { backupRoutes, checkpointRoutes } from "./backup-routes.ts";
import { diskRoutes } from "./disk-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { inventoryRoutes } from "./inventory-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { nicRoutes } from "./nic-routes.ts";
import { permissionRoutes } from "./permission-routes.ts";
import { previewRoutes } from "./preview-routes.ts";
import { snapshotRoutes } from "./snapshot-routes.ts";
import { transferRoutes } from "./transfer-routes.ts";
import { affinityGroupRoutes } from "./affinity-group-routes.ts";
import { affinityLabelRoutes } from "./affinity-label-routes.ts";
import { reportedDeviceRoutes } from "./reported-device-routes.ts";
import { subCollectionRoutes } from "./sub-collection-routes.ts";
import { tagRoutes } from "./tag-routes.ts";
import { vmActionRoutes } from "./vm-action-routes.ts";
import { vmRoutes } from "./vm-routes.ts";
import { watchdogRoutes } from "./watchdog-routes.ts";

/** Every route below `/ovirt-engine/api`. */
export const apiRoutes = (engine: Engine, transfers: Transfers): readonly Route<Handle>[] => [
  ...inventoryRoutes(engine),
  ...affinityGroupRoutes(engine),
  ...affinityLabelRoutes(engine),
  ...tagRoutes(engine),
  ...vmRoutes(engine),
  ...vmActionRoutes(engine),
  ...reportedDeviceRoutes(engine),
  ...attachmentRoutes(engine),
  ...nicRoutes(engine),
  ...watchdogRoutes(engine),
  ...snapshotRoutes(engine),
  ...previewRoutes(engine),
  ...backupRoutes(engine),
  ...checkpointRoutes(engine),
  ...diskRoutes(engine),
  ...transferRoutes(engine, transfers),
  ...eventRoutes(engine),
  ...jobRoutes(engine),
  ...accessRoutes(engine),
  ...permissionRoutes(engine),
  ...subCollectionRoutes(engine),
];
