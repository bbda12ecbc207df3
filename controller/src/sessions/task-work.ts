import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OrdersResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { TaskChange } from "../database/tasks-table.ts";
import type { Attempt, Ending } from "./attempt.ts";
import type { Remark } from "./remark.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** A task with the session it belongs to. */
export interface TaskAndSession {
  readonly task: Task;
  readonly session: Session;
}

/** An attempt with its task and session. */
export interface Try extends TaskAndSession {
  readonly attempt: Attempt;
}

/** What an agent is to do. */
export type Orders = NonNullable<MessageInitShape<typeof OrdersResponseSchema>["orders"]>;

/** What is known of an attempt's reach into the repository when it is cleaned up after. */
export type Standing = "committed" | "retired" | "uncertain";

/** What the fence, or for a restore the report, says. */
export type Verdict = { readonly kind: "committed"; readonly change: TaskChange } | { readonly kind: "retired" };

/** How cleaning up after an attempt went. */
export type Settled =
  | { readonly kind: "clean"; readonly remarks: readonly Remark[]; readonly change?: TaskChange }
  /** What was to be completed cannot be: the attempt ends so instead, and is undone. */
  | { readonly kind: "spoilt"; readonly ending: Ending };

/** A disk of an attempt that its agent may have opened. */
export interface OpenableDisk {
  /** On the engine. */
  readonly diskId: string;
  readonly direction: "download" | "upload";
  readonly captureId: string | undefined;
  /** A snapshot of ours that froze the disk, where no capture did. */
  readonly snapshotId?: string | undefined;
  readonly vmId: string;
  readonly sizeBytes: number;
  readonly hasDirty: boolean;
  /** The host to ask the engine for; undefined leaves it to the engine. */
  readonly hostId: string | undefined;
}

/**
 * The kind of work that a task is: a backup, or a restore. Every method may be interrupted and is then called again, after a
 * restart of the controller too: each finds out what is there already.
 */
export interface TaskWork {
  /** Before the VM is touched: what the task is going to do. */
  preflight(what: TaskAndSession, signal: AbortSignal): Promise<TaskChange>;
  /** Makes everything ready on the engine; what it answers is kept as `attempt.prepared`. */
  prepare(what: Try, signal: AbortSignal): Promise<{ readonly prepared: unknown; readonly change: TaskChange }>;
  /** What the agent is to do, of an attempt that is ready. */
  orders(what: Try): Orders;
  /** NOT_FOUND when the attempt has no such disk. */
  openable(what: Try, diskId: string): OpenableDisk;
  /** Whether the attempt reached its goal, for ever (A6). Fails while nobody can say. */
  verdict(what: Try, signal: AbortSignal): Promise<Verdict>;
  /** Ends what the attempt has on the engine (R6), and completes or undoes what it made. */
  settle(what: Try, standing: Standing, signal: AbortSignal): Promise<Settled>;
}
