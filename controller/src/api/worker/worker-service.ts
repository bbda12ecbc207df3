import { WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import type { ApiDeps } from "../api-deps.ts";
import { addWorker, editWorker, removeWorker, setWorkerEnabled, testWorker } from "./change-workers.ts";
import { toWorker } from "./to-worker.ts";

/** `holdfast.controller.v1.WorkerService`. */
export const serveWorkers = (deps: ApiDeps): ServedService =>
  serveService(WorkerService, {
    addWorker: async (request, { signal }) => ({
      worker: await toWorker(deps, await addWorker(deps, request, signal)),
    }),
    listWorkers: async ({ manager }) => {
      const managerId = manager === "" ? "" : deps.managers.get(manager).record.managerId;
      const shown = deps.roster.list().filter(({ definition }) => ["", definition.managerId].includes(managerId));
      return { workers: await Promise.all(shown.map((worker) => toWorker(deps, worker))) };
    },
    getWorker: async ({ worker }) => ({ worker: await toWorker(deps, deps.roster.get(worker)) }),
    editWorker: async (request, { signal }) => ({
      worker: await toWorker(deps, await editWorker(deps, request, signal)),
    }),
    testWorker: async ({ worker }) => ({ sessionId: await testWorker(deps, worker) }),
    enableWorker: async ({ worker }) => ({ worker: await toWorker(deps, await setWorkerEnabled(deps, worker, true)) }),
    disableWorker: async ({ worker }) => ({
      worker: await toWorker(deps, await setWorkerEnabled(deps, worker, false)),
    }),
    removeWorker: async ({ worker }) => ({ worker: await toWorker(deps, await removeWorker(deps, worker)) }),
  });
