import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import type { ApiDeps } from "../api-deps.ts";
import { toCertificate } from "../to-common.ts";
import { addManager, editManager, removeManager } from "./change-managers.ts";
import { toCleaning } from "./to-cleaning.ts";
import { toManager } from "./to-manager.ts";
import { compareManager, trustManager } from "./trust-manager.ts";

/** `holdfast.controller.v1.ManagerService`. */
export const serveManagers = (deps: ApiDeps): ServedService =>
  serveService(ManagerService, {
    probeManager: async ({ url }, { signal }) => {
      const { api, imageio } = await deps.engines.probe(url, signal);
      return { api: toCertificate(api), imageio: toCertificate(imageio) };
    },
    addManager: async (request, { signal }) => ({ manager: toManager(deps, await addManager(deps, request, signal)) }),
    listManagers: async () => ({ managers: deps.managers.list().map((manager) => toManager(deps, manager)) }),
    getManager: async ({ manager: idOrName }) => {
      const manager = deps.managers.get(idOrName);
      return { manager: toManager(deps, manager), cleaning: toCleaning(deps, manager) };
    },
    editManager: async (request, { signal }) => ({
      manager: toManager(deps, await editManager(deps, request, signal)),
    }),
    compareManager: (request, { signal }) => compareManager(deps, request, signal),
    trustManager: async (request, { signal }) => ({
      manager: toManager(deps, await trustManager(deps, request, signal)),
    }),
    removeManager: async ({ manager, force }) => {
      await removeManager(deps, manager, force);
      return {};
    },
    testManager: async ({ manager: idOrName }, { signal }) => {
      const { hypervisor, record } = deps.managers.get(idOrName);
      return { checks: [...(await deps.engines.test(hypervisor, record, signal))] };
    },
  });
