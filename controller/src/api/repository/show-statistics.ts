import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type GetStatisticsResponseSchema,
  type RepositoryStatisticsSchema,
  VmStatisticsSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { RepositoryStatistics, VmStatistics } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";
import { inBatches } from "../in-batches.ts";

type Message = MessageInitShape<typeof GetStatisticsResponseSchema>;
type Vm = MessageInitShape<typeof VmStatisticsSchema>;

/** The statistics of a repository as it tells them: how far it is, then the whole, then its VMs in batches. */
export async function* showStatistics(
  repository: RepositoryConnection,
  refresh: boolean,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const vms: Vm[] = [];
  for await (const { part } of repository.statistics(refresh, signal)) {
    if (part.case === "progress") yield { share: { done: part.value.vmsDone, total: part.value.vmsTotal } };
    if (part.case === "whole") yield { whole: toWhole(part.value) };
    if (part.case === "vm") vms.push(toVm(part.value));
  }
  for await (const batch of inBatches(VmStatisticsSchema, vms)) yield { vms: batch };
}

const toWhole = (whole: RepositoryStatistics): MessageInitShape<typeof RepositoryStatisticsSchema> => ({
  atMs: whole.atMs,
  freeBytes: whole.freeBytes,
  totalBytes: whole.totalBytes,
  storedBytes: whole.storedBytes,
  liveBytes: whole.liveBytes,
  logicalBytes: whole.logicalBytes,
  growthBytesPerDay: whole.growthBytesPerDay,
  points: whole.points,
  vms: whole.vms,
});

const toVm = (one: VmStatistics): Vm => ({
  vmId: one.vm?.vmId ?? "",
  vmName: one.vmName,
  points: one.points,
  logicalBytes: one.logicalBytes,
  exclusiveBytes: one.exclusiveBytes,
  sharedBytes: one.sharedBytes,
  freedIfRemovedBytes: one.freedIfRemovedBytes,
});
