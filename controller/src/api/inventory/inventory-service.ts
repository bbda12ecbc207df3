import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  InventoryService,
  type ListVmsRequest,
  type VmForecastSchema,
  VmSchema,
} from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { listJobs } from "../../database/jobs-table.ts";
import { type FoundVm, resolveVm } from "../../inventory/resolve-vm.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inBatches } from "../in-batches.ts";
import { findInInventories, inventories } from "./inventories.ts";
import { keyOfVm } from "../../jobs/whole-reads-of.ts";
import { nextRun, planVm } from "../job/plan-job.ts";
import { enableTracking } from "./enable-tracking.ts";
import { newestPoints } from "./newest-points.ts";
import { toVm } from "./to-vm.ts";

/** `holdfast.controller.v1.InventoryService`. */
export const serveInventory = (deps: ApiDeps): ServedService =>
  serveService(InventoryService, {
    listVms: async function* (request, { signal }) {
      for await (const vms of inBatches(VmSchema, await listVms(deps, request, signal))) yield { vms };
    },
    getVm: async ({ vm }, { signal }) => {
      const found = await findInInventories(deps, (managers) => resolveVm(vm, managers), signal);
      const [shown] = await show(deps, [found], signal);
      return shown === undefined ? {} : { vm: shown, forecasts: await forecastsOf(deps, found, signal) };
    },
    enableTracking: async (request, { signal }) => ({ disks: [...(await enableTracking(deps, request, signal))] }),
  });

/** One by one: each asks the engine and the job's repository. */
const forecastsOf = async (
  deps: ApiDeps,
  { managerId, vm }: FoundVm,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof VmForecastSchema>[]> => {
  const forecasts: MessageInitShape<typeof VmForecastSchema>[] = [];
  for (const job of await listJobs(deps.database.queries)) {
    const ofJob = job.vms.find((one) => one.managerId === managerId && one.vmId === vm.id);
    if (ofJob === undefined) continue;
    const { runMs, reads } = await nextRun(deps, job);
    const plan = await planVm(deps, { job, vm: ofJob, wholeRead: reads.get(keyOfVm(ofJob)) }, signal);
    forecasts.push({ jobName: job.name, runMs: BigInt(runMs), plan });
  }
  return forecasts;
};

const listVms = async (
  deps: ApiDeps,
  { manager, cluster, refresh }: ListVmsRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof VmSchema>[]> => {
  if (manager !== "") deps.managers.get(manager);
  const all = await inventories(deps, refresh ? "all" : "missing", signal);
  const found = all
    .filter(({ managerId, managerName }) => manager === "" || manager === managerId || manager === managerName)
    .flatMap(({ managerId, managerName, vms }) => vms.map((vm) => ({ managerId, managerName, vm })));
  const shown = await show(deps, found, signal);
  return shown.filter(({ clusterName }) => cluster === "" || cluster === clusterName);
};

const show = async (
  deps: ApiDeps,
  found: readonly FoundVm[],
  signal: AbortSignal,
): Promise<MessageInitShape<typeof VmSchema>[]> => {
  const jobs = await listJobs(deps.database.queries);
  const newest = await newestPoints(deps, signal);
  return found.map((one) => toVm(deps, one, { jobs, newest, nowMs: deps.clock.nowMs() }));
};
