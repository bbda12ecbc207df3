import * as z from "zod";
import type { PastBackup } from "../backups/forecast.ts";
import { diskTotalsSchema } from "../sessions/disk-totals.ts";
import type { Queries } from "./database.ts";
import { fromJson } from "./json.ts";

/** Backups of one VM that one forecast may look at: some read whole, some by changes. */
const mostOfVm = 30;
const mostOfRepository = 20;

/** The newest successful backups of a VM into a repository, the newest first. */
export const listPastBackupsOfVm = async (
  queries: Queries,
  vm: { readonly engineInstanceId: string; readonly vmId: string; readonly repositoryId: string },
): Promise<readonly PastBackup[]> => {
  const rows = await succeeded(queries)
    .where("vm_id", "=", vm.vmId)
    .where("engine_instance_id", "=", vm.engineInstanceId)
    .where("repository_id", "=", vm.repositoryId)
    .limit(mostOfVm)
    .execute();
  return rows.map(toPast);
};

/** The newest successful backups of any VM into a repository. */
export const listPastBackupsOfRepository = async (
  queries: Queries,
  repositoryId: string,
): Promise<readonly PastBackup[]> => {
  const rows = await succeeded(queries).where("repository_id", "=", repositoryId).limit(mostOfRepository).execute();
  return rows.map(toPast);
};

const succeeded = (queries: Queries) =>
  queries
    .selectFrom("tasks")
    .select(["totals", "started_ms", "ended_ms"])
    .where("kind", "=", "backup")
    .where("state", "=", "succeeded")
    .orderBy("ended_ms", "desc");

const toPast = (row: {
  readonly totals: string;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
}): PastBackup => ({
  totals: fromJson(z.array(diskTotalsSchema), row.totals, "tasks.totals"),
  seconds: Math.max(1, ((row.ended_ms ?? 0) - (row.started_ms ?? 0)) / 1_000),
});
