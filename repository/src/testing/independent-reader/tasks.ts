import { join } from "node:path";
import { digits8 } from "./bytes.ts";
import type { Keys } from "./keys.ts";
import type { PackTerms } from "./packs.ts";
import type { Plans } from "./plans.ts";
import { type Point, readPoint } from "./point.ts";
import { names } from "./names.ts";
import { type Fields, numberOf, readSmallObject, textOf } from "./small-object.ts";

/** Reads the points of one repository as §6.3 says which count. */
export class Tasks {
  readonly #root: string;
  readonly #repositoryId: string;
  readonly #keys: Keys | undefined;
  readonly #plans: Plans;

  constructor(root: string, { repositoryId, keys }: PackTerms, plans: Plans) {
    this.#root = root;
    this.#repositoryId = repositoryId;
    this.#keys = keys;
    this.#plans = plans;
  }

  /** Ids of all tasks that have objects of points, with a point or without. */
  async ids(): Promise<readonly string[]> {
    return (await names(join(this.#root, "points"))).toSorted();
  }

  /** The point of a task; undefined when none counts, or when it was removed. */
  async point(task: string): Promise<Point | undefined> {
    if (this.#plans.points.has(task) || (await this.#isRemoved(task))) return undefined;
    const facts = await names(join(this.#root, "tasks", task));
    if (facts.includes("committed")) {
      const committed = await this.#fact(task, "committed", "task-committed");
      return await this.#read(task, {
        number: numberOf(committed, "number"),
        epoch: numberOf(committed, "pointEpoch"),
      });
    }
    const retiring = await this.#retiring(task, facts);
    const places = (await names(join(this.#root, "points", task)))
      .flatMap(toPlace)
      .toSorted((a, b) => b.epoch - a.epoch);
    for (const place of places) {
      const point = await this.#read(task, place);
      const isClosed = place.epoch < this.#plans.closedBy;
      const isOrphan = isClosed || retiring.some((fact) => fact.epoch >= place.epoch && retires(fact, point));
      if (!isOrphan) return point;
    }
    return undefined;
  }

  async #read(task: string, { number, epoch }: Place): Promise<Point> {
    const name = `${digits8(number)}-${digits8(epoch)}.point`;
    return await readPoint(join(this.#root, "points", task, name), this.#repositoryId, this.#keys);
  }

  /** §6.4: the highest mark holds; one that is gone was removed before. */
  async #isRemoved(task: string): Promise<boolean> {
    const folder = join(this.#root, "points", task, "marks");
    const highest = (await names(folder)).toSorted().at(-1);
    if (highest === undefined) return false;
    const mark = await readSmallObject(join(folder, highest), "mark", this.#repositoryId);
    const state = mark["state"] as { readonly removed: unknown };
    return state.removed !== null;
  }

  async #retiring(task: string, facts: readonly string[]): Promise<readonly Retiring[]> {
    const found: Retiring[] = [];
    for (const name of facts) {
      const kind = name.endsWith(".opened") ? "attempt-opened" : "attempt-fenced";
      const fact = await this.#fact(task, name, kind);
      const attemptId = kind === "attempt-opened" ? textOf(fact, "attemptId") : undefined;
      found.push({ number: numberOf(fact, "number"), epoch: numberOf(fact, "epoch"), attemptId });
    }
    return found;
  }

  async #fact(task: string, name: string, kind: string): Promise<Fields> {
    return await readSmallObject(join(this.#root, "tasks", task, name), kind, this.#repositoryId);
  }
}

interface Place {
  readonly number: number;
  readonly epoch: number;
}

interface Retiring extends Place {
  /** Of an opened attempt; undefined for a fence. */
  readonly attemptId: string | undefined;
}

/** A fence of the same number or a higher one, a higher attempt opened, or the same number opened with another id. */
const retires = ({ number, attemptId }: Retiring, { attempt }: Point): boolean => {
  if (attemptId === undefined) return number >= attempt.number;
  return number > attempt.number || (number === attempt.number && attemptId !== attempt.attemptId);
};

const toPlace = (name: string): Place[] => {
  const parts = /^([0-9a-f]{8})-([0-9a-f]{8})\.point$/.exec(name);
  return parts?.[1] && parts[2]
    ? [{ number: Number.parseInt(parts[1], 16), epoch: Number.parseInt(parts[2], 16) }]
    : [];
};
