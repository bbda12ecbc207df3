import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";

import type { Checkpoint } from "../../hypervisor/captures.ts";
import type { Snapshot } from "../../hypervisor/inventory.ts";
import { correlationIdOf, parseMark } from "../../hypervisor/marks.ts";
import { tellsSnapshotOf } from "../../hypervisor/snapshot-events.ts";
import type { Survey, SurveyScope, SurveyedCapture, SurveyedSnapshot, SurveyedVm } from "../../hypervisor/survey.ts";
import { isTransferOver } from "../../hypervisor/transfers.ts";
import type { EngineClient } from "../engine-client.ts";
import { listPaged } from "../paging.ts";
import { captureRow, checkpointRow, snapshotRow } from "../rows/capture-rows.ts";
import { collection, stub } from "../values.ts";
import type { CaptureCalls } from "./capture-calls.ts";
import type { DiskCalls } from "./disk-calls.ts";
import type { EventCalls } from "./event-calls.ts";
import type { TransferCalls } from "./transfer-calls.ts";

/** A VM with what may be ours inlined; an engine that does not inline a list leaves it out. */
const surveyedRow = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string().default("unknown"),
  description: z.string().default(""),
  disk_attachments: collection("disk_attachment", stub).optional(),
  backups: collection("backup", captureRow("")).optional(),
  checkpoints: collection("checkpoint", checkpointRow).optional(),
  snapshots: collection("snapshot", snapshotRow).optional(),
});
type Row = z.output<typeof surveyedRow>;

interface SurveyDeps {
  readonly client: EngineClient;
  readonly captures: CaptureCalls;
  readonly transfers: TransferCalls;
  readonly disks: DiskCalls;
  readonly events: EventCalls;
}

/**
 * Reads what may be ours. One call per page of VMs where the engine inlines backups and checkpoints, else two per VM: this is
 * for the janitor, not for a session.
 */
export const surveyEngine = async (deps: SurveyDeps, scope: SurveyScope, signal: AbortSignal): Promise<Survey> => {
  const rows = await listVms(deps.client, signal);
  const vms: SurveyedVm[] = [];
  for (const row of rows) vms.push(await surveyVm(deps, scope, row, signal));
  const transfers = await deps.transfers.listTransfers(signal);
  const markedDisks = await deps.disks.listDisksMarked(scope.markPrefix, signal);
  return { vms, transfers: transfers.filter((one) => !isTransferOver(one)), markedDisks };
};

/** An engine that cannot inline backups may ignore the wish or refuse it. */
const listVms = async (client: EngineClient, signal: AbortSignal): Promise<readonly Row[]> => {
  const list = { path: "/vms", element: "vm", row: surveyedRow, sortBy: "name" };
  try {
    return await listPaged(client, { ...list, follow: "disk_attachments,backups,checkpoints,snapshots" }, signal);
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT", "NOT_FOUND")) throw caught;
    return listPaged(client, { ...list, follow: "disk_attachments" }, signal);
  }
};

const spoilsAll = [
  "ENGINE_UNREACHABLE",
  "ENGINE_UNTRUSTED",
  "ENGINE_CREDENTIALS_REFUSED",
  "MANAGER_REPLACED",
  "INTERNAL",
] as const;

/** A VM that the engine refuses to tell of, or that is gone by now, does not hide the others. A bug of ours is no VM's. */
const surveyVm = async (deps: SurveyDeps, scope: SurveyScope, row: Row, signal: AbortSignal): Promise<SurveyedVm> => {
  const { id, name, status, description } = row;
  const vm = { id, name, status, description, disks: row.disk_attachments ?? [] };
  try {
    return { vm, ...(await surveyLists(deps, scope, row, signal)) };
  } catch (caught) {
    signal.throwIfAborted();
    const error = HoldfastError.from(caught);
    if (hasCode(error, ...spoilsAll)) throw caught;
    const lists = { captures: [], checkpoints: [], snapshots: [] };
    return error.code === "NOT_FOUND" ? { vm, ...lists } : { vm, ...lists, unread: error };
  }
};

const surveyLists = async (
  deps: SurveyDeps,
  scope: SurveyScope,
  row: Row,
  signal: AbortSignal,
): Promise<Pick<SurveyedVm, "captures" | "checkpoints" | "snapshots">> => {
  const { id } = row;
  const found =
    row.backups?.map((capture) => ({ ...capture, vmId: id })) ?? (await deps.captures.listCaptures(id, signal));
  const checkpoints: readonly Checkpoint[] = row.checkpoints ?? (await deps.captures.listCheckpoints(id, signal));
  const listed: readonly Snapshot[] = row.snapshots ?? (await deps.captures.listSnapshots(id, signal));
  const snapshots: SurveyedSnapshot[] = [];
  for (const one of listed)
    snapshots.push({ ...one, isConfirmed: await isConfirmed(deps, scope, { one, vmId: id }, signal) });
  const captures: SurveyedCapture[] = [];
  for (const capture of found) {
    const isOver = capture.phase === "succeeded" || capture.phase === "failed";
    const isOurs = capture.description.startsWith(scope.markPrefix);
    const disks = isOurs && !isOver ? await deps.captures.listCaptureDisks(id, capture.id, signal) : [];
    captures.push({ ...capture, diskIds: disks.map(({ diskId }) => diskId) });
  }
  return { captures, checkpoints, snapshots };
};

const isConfirmed = async (
  { events }: SurveyDeps,
  { markPrefix }: SurveyScope,
  { one, vmId }: { readonly one: Snapshot; readonly vmId: string },
  signal: AbortSignal,
): Promise<boolean> => {
  const owner = one.description.startsWith(markPrefix) ? parseMark(one.description) : undefined;
  if (owner === undefined) return false;
  return tellsSnapshotOf(await events.listEvents(correlationIdOf(owner), signal), vmId);
};
