import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AttemptRef } from "@holdfast/shared/format/manifest-schema";
import { type RandomBytes, randomName } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import { isSameAttempt } from "../store/task-facts.ts";
import { UsesRegistry, type UsesWatch } from "./uses-registry.ts";
import { isAttemptOf, Upload, type UploadHolder, type UploadTerms } from "./upload.ts";

/** What the table of uploads needs. */
export interface UploadsDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  /** Milliseconds of silence that end an upload. */
  readonly silenceMs: number;
}

/** Uploads open at once. */
export const mostUploads = 256;
/** Ended uploads whose reason is remembered (E1). */
const rememberedEnds = 1024;

interface EndedUpload {
  readonly terms: Pick<UploadTerms, "keyId" | "attempt">;
  readonly reason: HoldfastError;
}

const isHeldBy = ({ keyId, attempt }: EndedUpload["terms"], holder: UploadHolder): boolean =>
  keyId === holder.keyId && isAttemptOf(holder, attempt);

/** The uploads of this server, by id and by task. */
export class Uploads {
  readonly #deps: UploadsDeps;
  readonly #open = new Map<string, Upload>();
  readonly #ends = new Map<string, EndedUpload>();
  readonly #uses = new UsesRegistry();
  /** By task: what commits use of which nobody knows whether they wrote their point (G7). */
  readonly #unknown = new Map<string, Disposable[]>();

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Adds an upload whose attempt is durably opened, and ends those that this retires (A4, A6). UNAVAILABLE above the limit. */
  open(terms: Omit<UploadTerms, "uploadId">): Upload {
    const { attempt } = terms;
    this.retire(attempt.taskId, (other) => other.number < attempt.number);
    for (const upload of this.#ofTask(attempt.taskId)) {
      if (isSameAttempt(upload.terms.attempt, attempt)) upload.end(unknown(upload.uploadId));
    }
    if (this.#open.size >= mostUploads)
      throw new HoldfastError("UNAVAILABLE", `${mostUploads} uploads are open already`);
    const uses = this.#uses.open();
    const upload = new Upload({ ...terms, uploadId: randomName(24, this.#deps.random) }, { ...this.#deps, uses });
    this.#open.set(upload.uploadId, upload);
    upload.signal.addEventListener("abort", () => {
      this.#forget(upload);
    });
    return upload;
  }

  /**
   * An open upload of this caller, which this call keeps from falling silent; UPLOAD_UNKNOWN, also for one of another, or the reason
   * why it ended.
   */
  require(uploadId: string, holder: UploadHolder): Upload {
    const ended = this.#ends.get(uploadId);
    if (ended !== undefined && isHeldBy(ended.terms, holder)) throw ended.reason;
    const upload = this.#open.get(uploadId);
    if (!upload || !isHeldBy(upload.terms, holder)) throw unknown(uploadId);
    upload.touch();
    return upload;
  }

  /** Ends the uploads of those attempts of a task with ATTEMPT_FENCED (A6). */
  retire(taskId: string, isRetired: (attempt: AttemptRef) => boolean): void {
    for (const upload of this.#ofTask(taskId)) {
      const { attempt } = upload.terms;
      if (!isRetired(attempt)) continue;
      upload.end(new HoldfastError("ATTEMPT_FENCED", `attempt ${attempt.number} of task ${taskId} was retired`));
    }
  }

  /** Ends all, when the server stops or has lost the repository. */
  endAll(reason: HoldfastError): void {
    for (const upload of this.#open.values()) upload.end(reason);
  }

  /** The bases of open uploads. */
  *baseIds(): Generator<string> {
    for (const { terms } of this.#open.values()) if (terms.base) yield terms.base.pointId;
  }

  /** What uploads use that are open now or will be while it lasts. */
  watchUses(): UsesWatch {
    return this.#uses.watch();
  }

  /** Nobody knows whether the commit of this upload wrote its point: its packs stay used until the task has one (G7). */
  keepUses({ terms, uses }: Upload): void {
    const { taskId } = terms.attempt;
    this.#unknown.set(taskId, [...(this.#unknown.get(taskId) ?? []), uses.hold()]);
  }

  /** Lets go of what `keepUses` kept for tasks that have a point by now. */
  forgetUses(hasPoint: (taskId: string) => boolean): void {
    for (const [taskId, held] of this.#unknown) {
      if (!hasPoint(taskId)) continue;
      for (const hold of held) hold[Symbol.dispose]();
      this.#unknown.delete(taskId);
    }
  }

  #ofTask(taskId: string): Upload[] {
    return [...this.#open.values()].filter((upload) => upload.terms.attempt.taskId === taskId);
  }

  #forget(upload: Upload): void {
    this.#open.delete(upload.uploadId);
    const { keyId, attempt } = upload.terms;
    const reason: unknown = upload.signal.reason;
    this.#ends.set(upload.uploadId, { terms: { keyId, attempt }, reason: HoldfastError.from(reason) });
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > rememberedEnds && oldest !== undefined) this.#ends.delete(oldest);
  }
}

const unknown = (uploadId: string): HoldfastError =>
  new HoldfastError("UPLOAD_UNKNOWN", `upload ${uploadId} is not open`);
