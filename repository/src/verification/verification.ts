import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import { type AbsentRecord, recordAbsence, type RecordDeps } from "../catalog/record-verification.ts";
import { giveWay } from "./courtesy.ts";
import { type Coverage, coverageOf, dailyBudget, inReadingOrder, type JudgedPack, withinBudget } from "./due-packs.ts";
import { putAway } from "./put-away.ts";
import type { VerifiedPacks } from "./verified-packs.ts";
import { type PackReport, verifyPack } from "./verify-pack.ts";

/** What verifying needs. */
export interface VerificationDeps extends RecordDeps {
  readonly slots: Pick<StreamSlots, "taken">;
  readonly packs: VerifiedPacks;
}

/** How far a verification is. */
export interface VerificationProgress {
  readonly packsTotal: number;
  readonly packsDone: number;
  readonly bytesTotal: number;
  readonly bytesDone: number;
  readonly recordsVerified: number;
  readonly recordsDamaged: number;
  readonly recordsMissing: number;
  readonly packsUnreachable: number;
  readonly pointsHurt: number;
}

/** Packs after which what was found is made durable. */
const packsBetweenNotes = 64;
/** Packs in a row that cannot be reached before the run is given up. */
const mostUnreachable = 8;
/** How long a coverage that was worked out serves. */
const coverageServesMs = 60_000;

/** Reads packs back (V1–V4). One run at a time; the server's own gives way to one that was asked for. */
export class Verification {
  readonly #deps: VerificationDeps;
  readonly #turn = new Semaphore(1);
  /** Records that are absent, whose points are not marked yet. */
  #unmarked: readonly AbsentRecord[] = [];
  #own: AbortController | undefined;
  #coverage: { readonly coverage: Coverage; readonly atMs: number } | undefined;

  constructor(deps: VerificationDeps) {
    this.#deps = deps;
  }

  /** A run that was asked for: reads so many bytes, or all for 0. */
  async *run(budgetBytes: number, signal: AbortSignal): AsyncGenerator<VerificationProgress> {
    this.#own?.abort(new HoldfastError("CANCELLED", "a verification was asked for"));
    using _turn = await this.#turn.acquire(signal);
    yield* this.#read(() => budgetBytes, signal);
  }

  /** The server's own run: what is left of today's share. Ends early, without an error, when one is asked for. */
  async runOwn(withinDays: number, signal: AbortSignal): Promise<VerificationProgress | undefined> {
    const own = new AbortController();
    using _turn = await this.#turn.acquire(signal);
    this.#own = own;
    try {
      let last: VerificationProgress | undefined;
      const budget = (packs: readonly JudgedPack[]): number | undefined =>
        dailyBudget(packs, withinDays, this.#deps.clock.nowMs()) || undefined;
      for await (const progress of this.#read(budget, AbortSignal.any([signal, own.signal]))) last = progress;
      return last;
    } catch (caught) {
      if (own.signal.aborted && !signal.aborted) return undefined;
      throw caught;
    } finally {
      this.#own = undefined;
    }
  }

  /** Marks the points of records in quarantine that no mark names: a former owner did not live to do it (I14). */
  async markForgotten(signal: AbortSignal): Promise<void> {
    const { store, damage } = this.#deps;
    const unknown = (await store.quarantinedIds()).filter((record) => damage.codeOf(record) === undefined);
    await recordAbsence(
      this.#deps,
      unknown.map((record) => ({ ...record, code: "CHUNK_DAMAGED" })),
      signal,
    );
  }

  /** How much was read back lately; at most a minute old. */
  async coverage(): Promise<Coverage> {
    const { clock } = this.#deps;
    const known = this.#coverage;
    if (known && clock.monotonicMs() - known.atMs < coverageServesMs) return known.coverage;
    const coverage = coverageOf(await this.#judgedPacks(), clock.nowMs());
    this.#coverage = { coverage, atMs: clock.monotonicMs() };
    return coverage;
  }

  /** `budgetOf` answers undefined for nothing to do. */
  async *#read(
    budgetOf: (packs: readonly JudgedPack[]) => number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<VerificationProgress> {
    const nowMs = this.#deps.clock.nowMs();
    const packs = inReadingOrder(await this.#judgedPacks(), nowMs);
    const budget = budgetOf(packs);
    const due = budget === undefined ? [] : withinBudget(packs, budget);
    const counts = { ...nothing, packsTotal: due.length, bytesTotal: due.reduce((sum, one) => sum + one.sizeBytes, 0) };
    const read: JudgedPack[] = [];
    const note = async (): Promise<void> => {
      counts.pointsHurt += await this.#note(read.splice(0));
    };
    let unreachable = 0;
    try {
      for (const pack of due) {
        const report = await this.#tryPack(pack, signal);
        unreachable = report === undefined ? unreachable + 1 : 0;
        if (report === undefined) counts.packsUnreachable += 1;
        else {
          await this.#take(pack, report, counts);
          read.push(pack);
        }
        counts.packsDone += 1;
        counts.bytesDone += pack.sizeBytes;
        if (unreachable >= mostUnreachable) throw outOfReach(counts.packsUnreachable);
        if (read.length >= packsBetweenNotes) await note();
        yield { ...counts };
      }
    } finally {
      await note();
    }
    yield { ...counts };
  }

  /** Undefined for a pack that cannot be reached. */
  async #tryPack(pack: JudgedPack, signal: AbortSignal): Promise<PackReport | undefined> {
    const { store, log } = this.#deps;
    const rest = (): Promise<void> => giveWay(this.#deps, signal);
    try {
      return await verifyPack({ store, rest, signal }, pack);
    } catch (caught) {
      signal.throwIfAborted();
      if (!hasCode(caught, "IO_FAILED", "UNAVAILABLE", "TIMEOUT")) throw caught;
      log.warn("a pack cannot be reached", { epoch: pack.epoch, sequence: pack.sequence, err: caught });
      return undefined;
    }
  }

  async #take(pack: JudgedPack, report: PackReport, counts: Counts): Promise<void> {
    const { store, log } = this.#deps;
    const { epoch, sequence } = pack;
    // A collection took it meanwhile: what was live in it lies elsewhere, and the rest is nobody's.
    if (store.packs.condemned.packs.has(pack)) return;
    if (report.isTableDamaged) log.error("a pack's table of contents is damaged", { epoch, sequence });
    const gone = report.isGone ? await store.forgetPack(pack) : [];
    const absent = [
      ...gone.map(({ kind, id }) => ({ kind, id, code: "CHUNK_MISSING" as const })),
      ...(await putAway(store, report.failed)),
    ];
    if (absent.length > 0) log.error("records of a pack are absent", { epoch, sequence, records: absent.length });
    counts.recordsVerified += report.records;
    counts.recordsDamaged += report.failed.filter(({ verdict }) => verdict === "damaged").length;
    counts.recordsMissing += gone.length + report.failed.filter(({ verdict }) => verdict === "missing").length;
    this.#unmarked = [...this.#unmarked, ...absent];
  }

  /** Marks first, then the state: a pack counts as read only when whoever it hurts is marked (I14). Gives the points that it hurts. */
  async #note(read: readonly JudgedPack[]): Promise<number> {
    const { store, packs, clock } = this.#deps;
    const absent = this.#unmarked;
    const hurt = await recordAbsence(this.#deps, absent);
    this.#unmarked = this.#unmarked.slice(absent.length);
    if (read.length > 0) await packs.note(read, clock.nowMs(), await store.packs.packs());
    this.#coverage = undefined;
    return hurt.length;
  }

  async #judgedPacks(): Promise<readonly JudgedPack[]> {
    const { store, packs } = this.#deps;
    return (await store.packs.packs()).map((pack) => ({ ...pack, readMs: packs.readMsOf(pack) }));
  }
}

type Counts = { -readonly [Key in keyof VerificationProgress]: VerificationProgress[Key] };

const nothing: VerificationProgress = {
  packsTotal: 0,
  packsDone: 0,
  bytesTotal: 0,
  bytesDone: 0,
  recordsVerified: 0,
  recordsDamaged: 0,
  recordsMissing: 0,
  packsUnreachable: 0,
  pointsHurt: 0,
};

const outOfReach = (packs: number): HoldfastError =>
  new HoldfastError("UNAVAILABLE", `${packs} packs cannot be reached: the store does not answer`);
