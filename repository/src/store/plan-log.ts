import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { Condemned } from "./condemned.ts";
import { packText, type PackKey, parseNumberedName, parsePackText, planName, plansFolder } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { type Plan, planKind } from "./plan.ts";
import { decodeSmallObject, encodeSmallObject } from "./small-object.ts";

/** Whose log it is, and where. */
export interface PlanLogDeps {
  readonly objects: ObjectStore;
  readonly repositoryId: RepositoryId;
  /** Refuses what it cannot read unless that is done with; a reader goes on without. */
  readonly owner: boolean;
}

/** An owner that writes plans. */
export interface PlanWriter {
  readonly epoch: number;
  readonly clock: Clock;
}

/** What a plan is to name. */
export interface PlanContent {
  readonly packs: readonly PackKey[];
  readonly points: readonly string[];
}

const readsAtOnce = 16;
const attempts = 64;

/**
 * The log of plans (repository-format.md §6.5): what it names is condemned. One number after another, each created if absent:
 * an owner whose next number is taken has lost the repository.
 */
export class PlanLog {
  readonly condemned = new Condemned();
  readonly #deps: PlanLogDeps;
  #last = 0;
  #doneThrough = 0;
  #closedBy = 0;
  /** Plans that may not be wholly executed. */
  #unfinished: Plan[] = [];

  private constructor(deps: PlanLogDeps) {
    this.#deps = deps;
  }

  /** Reads all plans. REPOSITORY_DAMAGED for an owner when one that may not be done with cannot be read. */
  static async read(deps: PlanLogDeps): Promise<PlanLog> {
    const log = new PlanLog(deps);
    await log.readOn();
    return log;
  }

  /** The highest epoch whose owner wrote a plan: it had decided about the points of all owners before it. */
  get closedBy(): number {
    return this.#closedBy;
  }

  /** Plans whose packs and points may still be there, in order. */
  get unfinished(): readonly Plan[] {
    return this.#unfinished;
  }

  /** Everything that was planned until now is removed, durably; the next plan says so. */
  setFinished(): void {
    this.#unfinished = [];
    this.#doneThrough = this.#last;
  }

  /** Reads what was added since. */
  async readOn(): Promise<void> {
    let highest = this.#last;
    for await (const name of this.#deps.objects.list(plansFolder)) {
      highest = Math.max(highest, parseNumberedName(name) ?? 0);
    }
    const numbers = Array.from({ length: highest - this.#last }, (_, index) => this.#last + 1 + index);
    const plans = await mapBounded(numbers, readsAtOnce, (number) => this.#tryRead(number));
    const unreadable = numbers.filter((_, index) => plans[index] === undefined);
    for (const plan of plans) if (plan) this.#take(plan);
    this.#last = highest;
    this.#refuseUnreadable(unreadable);
    // A listing may lag behind; a name does not.
    for (let next = await this.#tryRead(highest + 1); next; next = await this.#tryRead(this.#last + 1)) {
      this.#take(next);
    }
  }

  /**
   * No former owner can add a plan after this: its number is taken. REPOSITORY_NOT_OWNED when a later owner closed the log.
   */
  async close({ epoch, clock }: PlanWriter): Promise<void> {
    await this.write({ epoch, clock }, { packs: [], points: [] });
  }

  /** Adds a plan; it is durable when this resolves. REPOSITORY_NOT_OWNED when a later owner closed the log before. */
  async write(writer: PlanWriter, content: PlanContent): Promise<Plan> {
    // A later owner's plan may be among those that were read: whoever adds to it condemns behind that owner's back.
    for (let attempt = 0; attempt < attempts && this.#closedBy <= writer.epoch; attempt += 1) {
      const plan = this.#next(writer, content);
      if (await this.#create(plan)) return plan;
      // A former owner was quicker before we closed the log, or one of ours was written although we were told that it failed.
      await this.readOn();
    }
    throw new HoldfastError("REPOSITORY_NOT_OWNED", `${planName(this.#last)} is of another owner`);
  }

  #next({ epoch, clock }: PlanWriter, { packs, points }: PlanContent): Plan {
    return {
      number: this.#last + 1,
      epoch,
      writtenMs: clock.nowMs(),
      doneThrough: this.#doneThrough,
      packs: packs.map(packText).sort(),
      points: [...points].sort(),
    };
  }

  async #create(plan: Plan): Promise<boolean> {
    const { objects, repositoryId } = this.#deps;
    const bytes = encodeSmallObject(planKind, repositoryId, plan);
    if ((await objects.putIfAbsent(planName(plan.number), bytes)) === "exists") return false;
    this.#take(plan);
    return true;
  }

  #take(plan: Plan): void {
    this.condemned.packs.addAll(plan.packs.map(parsePackText));
    this.condemned.addPoints(plan.points);
    this.#last = Math.max(this.#last, plan.number);
    this.#closedBy = Math.max(this.#closedBy, plan.epoch);
    this.#doneThrough = Math.max(this.#doneThrough, plan.doneThrough);
    this.#unfinished = [...this.#unfinished, plan].filter(({ number }) => number > this.#doneThrough);
  }

  /** Undefined when it is absent or damaged. */
  async #tryRead(number: number): Promise<Plan | undefined> {
    const { objects, repositoryId } = this.#deps;
    const name = planName(number);
    try {
      return decodeSmallObject(planKind, await objects.get(name), { name, repositoryId, says: { number } }).value;
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND") || hasCode(caught, "REPOSITORY_DAMAGED")) return undefined;
      throw caught;
    }
  }

  #refuseUnreadable(numbers: readonly number[]): void {
    const [first] = numbers.filter((number) => number > this.#doneThrough);
    if (first === undefined || !this.#deps.owner) return;
    throw new HoldfastError(
      "REPOSITORY_DAMAGED",
      `${planName(first)} cannot be read: nobody knows which packs it condemned`,
    );
  }
}
