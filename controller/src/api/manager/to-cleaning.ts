import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CleaningSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { ApiDeps } from "../api-deps.ts";

/** Things that are left, of a kind, that one answer tells at most. */
const mostShown = 200;

/** What the janitor did on a manager, and what it could not do, as operators see it. */
export const toCleaning = (
  { cleaning }: Pick<ApiDeps, "cleaning">,
  { record, inventory }: ManagerConnection,
): MessageInitShape<typeof CleaningSchema> => {
  const { lookedMs, failure, ending, cleaned, failed, left } = cleaning.of(record.managerId);
  const named = <Thing extends { readonly vmId: string }>(thing: Thing) => ({
    ...thing,
    vmName: inventory?.vms.find(({ id }) => id === thing.vmId)?.name ?? "",
  });
  return {
    lookedMs: BigInt(lookedMs),
    failure,
    ending,
    cleaned: cleaned.map((one) => ({ ...named(one), atMs: BigInt(one.atMs) })),
    failed: failed.slice(0, mostShown).map((one) => ({ ...named(one), sinceMs: BigInt(one.sinceMs) })),
    left: left.slice(0, mostShown).map((one) => ({ ...named(one), sinceMs: BigInt(one.sinceMs) })),
    moreFailed: Math.max(0, failed.length - mostShown),
    moreLeft: Math.max(0, left.length - mostShown),
  };
};
