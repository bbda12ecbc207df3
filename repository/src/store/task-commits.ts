import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { decodeStoredManifest, largestManifestBytes } from "@holdfast/shared/format/manifest";
import { type AttemptRef, attemptSchema } from "@holdfast/shared/format/manifest-schema";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { GuardedClock } from "../clock/guarded-clock.ts";
import { AttemptObjects } from "./attempts.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { committedName, pointName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Ownership } from "./ownership.ts";
import { type CommitPart, encodePointObject } from "./point-object.ts";
import type { PointObjects } from "./points.ts";
import type { AttemptAnswer, CountedBytes, StoredPoint } from "./repository-store.ts";
import { highestNumber, isRetired, isSameAttempt, type TaskFacts } from "./task-facts.ts";

/** What deciding about attempts needs. */
export interface TaskCommitsDeps {
  readonly objects: ObjectStore;
  readonly repositoryId: RepositoryId;
  readonly points: PointObjects;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly guardedClock: Pick<GuardedClock, "nowMs">;
  /** How long nobody may remove a point that is committed now; undefined for no such time. */
  readonly immutabilityMs: number | undefined;
}

/**
 * R5: at most one point per task, for ever. Every decision is taken from the objects, one at a time per task, and is durable
 * and looked after (R13) before it is answered. The rules are those of task-facts.ts, which the model explores.
 */
export class TaskCommits {
  readonly #deps: TaskCommitsDeps;
  readonly #attempts: AttemptObjects;
  readonly #locks = new KeyedLock();

  constructor(deps: TaskCommitsDeps) {
    this.#deps = deps;
    this.#attempts = new AttemptObjects(deps.objects, deps.repositoryId);
  }

  /** Opens an attempt, retiring every lower one, unless the task has committed. ATTEMPT_FENCED when it is retired itself. */
  async open(attempt: AttemptRef): Promise<AttemptAnswer> {
    return await this.#locks.run(checkedTask(attempt), async () => {
      const { facts, point } = await this.#look(attempt.taskId);
      if (point) return { state: "committed", point };
      if (facts.committed) throw gone(attempt);
      if (isRetired(facts, attempt)) throw retired(attempt, facts);
      const { taskId, number, attemptId } = attempt;
      // An object that is there already is put again: that finds the name taken and makes it durable.
      await this.#attempts.writeOpened({ taskId, number, attemptId, ...this.#now() });
      await this.#deps.ownership.assertOwned();
      return { state: "opened" };
    });
  }

  /** Retires an attempt and all before it, unless the task has committed: then its point is the answer. */
  async fence(attempt: AttemptRef): Promise<StoredPoint | undefined> {
    return await this.#locks.run(checkedTask(attempt), async () => {
      const { facts, point } = await this.#look(attempt.taskId);
      if (point || facts.committed) return point;
      await this.#attempts.writeFenced({ taskId: attempt.taskId, number: attempt.number, ...this.#now() });
      await this.#deps.ownership.assertOwned();
      return undefined;
    });
  }

  /** Writes the point of a live attempt; repeated by the same attempt it answers the same point. */
  async commit(attempt: AttemptRef, manifestBytes: Uint8Array, counted: CountedBytes): Promise<StoredPoint> {
    return await this.#locks.run(checkedTask(attempt), async () => {
      const { facts, point: before } = await this.#look(attempt.taskId);
      if (before) return ofAttempt(before, attempt);
      if (facts.committed) throw gone(attempt);
      this.#checkManifest(attempt, manifestBytes);
      if (isRetired(facts, attempt)) throw retired(attempt, facts);
      if (!facts.opened.some((opened) => isSameAttempt(opened, attempt))) {
        throw new HoldfastError("ATTEMPT_UNKNOWN", `${describe(attempt)} was never opened`);
      }
      await this.#deps.ownership.assertOwned();
      await this.#writePoint(attempt, manifestBytes, counted);
      const { point } = await this.#look(attempt.taskId);
      if (!point) throw retired(attempt, facts);
      return ofAttempt(point, attempt);
    });
  }

  /** Decides about the points that a former owner wrote and did not live to call committed: first thing of a new owner. */
  async adopt(): Promise<void> {
    for (const taskId of await this.#deps.points.undecided()) {
      try {
        await this.#locks.run(taskId, () => this.#look(taskId));
      } catch (caught) {
        // A damaged object decides nothing, and must not keep the others from being served.
        if (!hasCode(caught, "REPOSITORY_DAMAGED")) throw caught;
      }
    }
  }

  /**
   * What is known of the task, and its point. One that no object calls committed yet is made so, unless we lost the
   * repository: so what is answered here holds for ever.
   */
  async #look(taskId: string): Promise<{ readonly facts: TaskFacts; readonly point: StoredPoint | undefined }> {
    const facts = await this.#attempts.read(taskId);
    const found = await this.#deps.points.find(taskId, facts);
    if (!found) return { facts, point: undefined };
    const { attempt, epoch: pointEpoch } = found.point.commit;
    const { number, attemptId } = attempt;
    const names = [pointName(taskId, { attempt: number, epoch: pointEpoch })];
    // Names may have been given by a process that was killed before they were durable.
    await this.#deps.objects.confirm(found.isDecided ? [...names, committedName(taskId)] : names);
    await this.#deps.ownership.assertOwned();
    if (found.isDecided) return { facts, point: found.point };
    await this.#attempts.writeCommitted({ taskId, number, attemptId, ...this.#now(), pointEpoch });
    return { facts, point: await this.#deps.points.read(taskId) };
  }

  #now(): { readonly epoch: number; readonly writtenMs: number } {
    return { epoch: this.#deps.ownership.epoch, writtenMs: this.#deps.clock.nowMs() };
  }

  #checkManifest(attempt: AttemptRef, bytes: Uint8Array): void {
    if (bytes.byteLength > largestManifestBytes) throw invalid(attempt, `a manifest of ${bytes.byteLength} bytes`);
    const { repositoryId, clear } = decodeStoredManifest(bytes);
    if (repositoryId !== this.#deps.repositoryId) {
      throw new HoldfastError("REPOSITORY_MISMATCH", `the manifest of task ${attempt.taskId} is for ${repositoryId}`);
    }
    const { taskId, number, attemptId } = clear.attempt;
    if (taskId !== attempt.taskId || number !== attempt.number || attemptId !== attempt.attemptId) {
      throw invalid(attempt, "the manifest of another attempt");
    }
  }

  async #writePoint(attempt: AttemptRef, manifestBytes: Uint8Array, counted: CountedBytes): Promise<void> {
    const { objects, repositoryId, guardedClock, immutabilityMs, ownership } = this.#deps;
    const { taskId, number, attemptId } = attempt;
    const committedMs = guardedClock.nowMs();
    const commit: CommitPart = {
      schema: 1,
      attempt: { taskId, number, attemptId },
      committedMs,
      immutableUntilMs: immutabilityMs === undefined ? null : committedMs + immutabilityMs,
      epoch: ownership.epoch,
      counted,
    };
    const name = pointName(taskId, { attempt: number, epoch: ownership.epoch });
    await objects.putIfAbsent(name, encodePointObject(repositoryId, commit, manifestBytes));
  }
}

const checkedTask = (attempt: AttemptRef): string => {
  const parsed = attemptSchema.safeParse(attempt);
  if (parsed.success) return parsed.data.taskId;
  throw new HoldfastError("INVALID_ARGUMENT", "an attempt that is none", { cause: parsed.error });
};

const describe = ({ taskId, number }: AttemptRef): string => `attempt ${number} of task ${taskId}`;

const retired = (attempt: AttemptRef, facts: TaskFacts): HoldfastError =>
  new HoldfastError("ATTEMPT_FENCED", `${describe(attempt)} was retired`, {
    details: { highest: highestNumber(facts) },
  });

const gone = (attempt: AttemptRef): HoldfastError =>
  new HoldfastError("ATTEMPT_FENCED", `${describe(attempt)}: the task's point was removed for good`);

const invalid = (attempt: AttemptRef, what: string): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `${what} for ${describe(attempt)}`);

const ofAttempt = (point: StoredPoint, attempt: AttemptRef): StoredPoint => {
  if (isSameAttempt(point.commit.attempt, attempt)) return point;
  throw new HoldfastError("ATTEMPT_FENCED", `the point of task ${attempt.taskId} was made by another attempt`);
};
