import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AttemptRef, Origin, VmKey } from "@holdfast/shared/format/manifest-schema";
import { type Logger, logTransition } from "@holdfast/shared/logging/logger";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { DiskRange } from "../catalog/disk-range.ts";
import { SilenceWatch } from "../readings/silence-watch.ts";
import type { PendingPack } from "../store/repository-store.ts";
import type { HeldUses } from "./uses-registry.ts";
import { type UploadState, uploadStates } from "./upload-state.ts";

/** What an upload is opened with. */
export interface UploadTerms {
  readonly uploadId: string;
  readonly attempt: AttemptRef;
  readonly vm: VmKey;
  /** Key of the certificate that opened it. */
  readonly keyId: string;
  readonly base: CatalogPoint | undefined;
  /** What its point is a copy of, as its token says; undefined for a backup. */
  readonly origin: Origin | undefined;
  /** Ranges of the base to be read again. */
  readonly heal: readonly DiskRange[];
  /** The store's count of absences before the base was looked through. */
  readonly absences: number;
}

/** Who may use an upload: the key that opened it, with a token for its attempt. */
export interface UploadHolder {
  readonly keyId: string;
  readonly claims: { readonly taskId: string; readonly attemptNumber: number; readonly attemptId: string };
}

/** True when a token was given for this attempt. */
export const isAttemptOf = ({ claims }: UploadHolder, { taskId, number, attemptId }: AttemptRef): boolean =>
  claims.taskId === taskId && claims.attemptNumber === number && claims.attemptId === attemptId;

/** What was asked and sent within one upload. */
export interface UploadCounts {
  asked: number;
  answeredKnown: number;
  storedChunks: number;
  storedPages: number;
  knownRecords: number;
  /** Bytes in packs of the chunks that it stored. */
  packedBytes: number;
}

/** What an upload needs beside its terms. */
export interface UploadDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds without a call or a byte after which it ends (U1). */
  readonly silenceMs: number;
  /** The packs that it uses. */
  readonly uses: HeldUses;
}

/** A writer's open work. Everything under way on it holds its `signal`, which aborts with the reason why it ended. */
export class Upload {
  readonly terms: UploadTerms;
  readonly counts: UploadCounts = {
    asked: 0,
    answeredKnown: 0,
    storedChunks: 0,
    storedPages: 0,
    knownRecords: 0,
    packedBytes: 0,
  };
  /** Packs that must be durable before it commits (C7). */
  readonly dependsOn = new Set<PendingPack>();
  /** Encrypted repositories: it was noted that its VM stands for everything of the base. */
  standsForBase = false;
  /** Packs of whatever it was told known or stored; held until it has ended (G6, G7). */
  readonly uses: HeldUses;
  readonly #held: Disposable;
  readonly #ended = new AbortController();
  readonly #silence: SilenceWatch;
  readonly #log: Logger;
  #state: UploadState = "open";
  #heal: readonly DiskRange[];

  constructor(terms: UploadTerms, { clock, log, silenceMs, uses }: UploadDeps) {
    this.terms = terms;
    this.#heal = terms.heal;
    this.uses = uses;
    this.#held = uses.hold();
    this.#log = log.child({ task: terms.attempt.taskId, attempt: terms.attempt.number, vm: terms.vm.vmId });
    this.#silence = new SilenceWatch(clock, silenceMs, () => {
      this.end(new HoldfastError("TIMEOUT", `upload ${terms.uploadId} was silent for ${silenceMs / 60_000} minutes`));
    });
  }

  get uploadId(): string {
    return this.terms.uploadId;
  }

  /** Aborts, with the reason, when the upload ends. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get state(): UploadState {
    return this.#state;
  }

  /** All ranges that the writer was told to read again, when it opened and by commits since. */
  get heal(): readonly DiskRange[] {
    return this.#heal;
  }

  /** Tells the writer of more ranges to read again. */
  addHeal(ranges: readonly DiskRange[]): void {
    this.#heal = [...this.#heal, ...ranges];
  }

  /** A call named it, or bytes arrived. */
  touch(): void {
    this.#silence.touch();
  }

  /** The one place where its state changes; ILLEGAL_TRANSITION when the table does not allow it. */
  move(to: UploadState): void {
    uploadStates.assertMove(this.#state, to, this.uploadId);
    logTransition(this.#log, { kind: "upload", id: this.uploadId, from: this.#state, to });
    this.#state = to;
  }

  /** Ends it for a reason that everything under way on it fails with; ending it again changes nothing. */
  end(reason: HoldfastError): void {
    if (this.#state === "ended") return;
    this.#silence[Symbol.dispose]();
    this.#held[Symbol.dispose]();
    this.move("ended");
    this.#log.info("upload over", { upload: this.uploadId, code: reason.code, ...this.counts });
    this.#ended.abort(reason);
  }
}
