import { derivedName } from "@holdfast/shared/ids/ids";
import { type JournalEntry, journalKinds } from "../sessions/journal.ts";
import * as z from "zod";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { JournalRow } from "./schema.ts";

const toRow = (entry: JournalEntry, writtenMs: number): JournalRow => ({
  entry_id: derivedName(24, entry.kind, entry.taskId, String(entry.attemptNumber), entry.attemptId, entry.objectId),
  manager_id: entry.managerId,
  task_id: entry.taskId,
  attempt_number: entry.attemptNumber,
  attempt_id: entry.attemptId,
  kind: entry.kind,
  vm_id: entry.vmId,
  object_id: entry.objectId,
  facts: toJson(entry.facts),
  written_ms: writtenMs,
});

const fromRow = (row: JournalRow): JournalEntry => ({
  managerId: row.manager_id,
  taskId: row.task_id,
  attemptNumber: row.attempt_number,
  attemptId: row.attempt_id,
  kind: z.enum(journalKinds).parse(row.kind),
  vmId: row.vm_id,
  objectId: row.object_id,
  facts: fromJson(z.record(z.string(), z.string()), row.facts, "journal.facts"),
});

/** Writes an entry; one of the same attempt, kind and object gets the new facts. */
export const writeJournal = async (queries: Queries, entry: JournalEntry, writtenMs: number): Promise<void> => {
  const row = toRow(entry, writtenMs);
  await queries
    .insertInto("journal")
    .values(row)
    .onConflict((conflict) => conflict.column("entry_id").doUpdateSet({ facts: row.facts }))
    .execute();
};

/** Entries of one attempt. */
export const listJournalOfAttempt = async (
  queries: Queries,
  attempt: { readonly taskId: string; readonly number: number },
): Promise<readonly JournalEntry[]> => {
  const rows = await queries
    .selectFrom("journal")
    .selectAll()
    .where("task_id", "=", attempt.taskId)
    .where("attempt_number", "=", attempt.number)
    .orderBy("written_ms")
    .execute();
  return rows.map(fromRow);
};

/** Entries of one manager, oldest first. */
export const listJournalOfManager = async (queries: Queries, managerId: string): Promise<readonly JournalEntry[]> => {
  const rows = await queries
    .selectFrom("journal")
    .selectAll()
    .where("manager_id", "=", managerId)
    .orderBy("written_ms")
    .execute();
  return rows.map(fromRow);
};

/** Removes what an attempt wrote, when nothing of it is left on the engine. */
export const clearJournalOfAttempt = async (
  queries: Queries,
  attempt: { readonly taskId: string; readonly number: number },
): Promise<void> => {
  await queries
    .deleteFrom("journal")
    .where("task_id", "=", attempt.taskId)
    .where("attempt_number", "=", attempt.number)
    .execute();
};
