import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { ManifestKeys } from "@holdfast/shared/format/repository-keys";
import { AttemptObjects } from "./attempts.ts";
import {
  committedName,
  parsePointName,
  pointFolder,
  pointName,
  type PointPlace,
  pointsFolder,
  tasksFolder,
} from "./object-names.ts";
import { MarkObjects } from "./marks.ts";
import type { ObjectStore } from "./object-store.ts";
import type { PlanLog } from "./plan-log.ts";
import { decodePointObject } from "./point-object.ts";
import type { StoredPoint } from "./repository-store.ts";
import { pointAmong, type TaskFacts } from "./task-facts.ts";

/** A task's point, and whether an object says for ever that it is. */
export interface FoundPoint {
  readonly point: StoredPoint;
  readonly isDecided: boolean;
}

/** Where points are read, and the plans that say which of them are gone. */
export interface PointObjectsDeps {
  readonly objects: ObjectStore;
  readonly repositoryId: RepositoryId;
  readonly plans: Pick<PlanLog, "condemned" | "closedBy">;
  /** Open what is sealed, where they are at hand. */
  readonly keys?: ManifestKeys | undefined;
}

/** Reads points, leaving out orphans (repository-format.md §6.3) and those that are gone (§6.5). Remembers nothing. */
export class PointObjects {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId;
  readonly #keys: ManifestKeys | undefined;
  readonly #plans: PointObjectsDeps["plans"];
  readonly #attempts: AttemptObjects;
  readonly #marks: MarkObjects;

  constructor({ objects, repositoryId, plans, keys }: PointObjectsDeps) {
    this.#keys = keys;
    this.#objects = objects;
    this.#repositoryId = repositoryId;
    this.#plans = plans;
    this.#attempts = new AttemptObjects(objects, repositoryId);
    this.#marks = new MarkObjects(objects, repositoryId);
  }

  /** Ids of all points. Only tasks without a committed object are opened to find out whether they have one. */
  async list(): Promise<readonly string[]> {
    const { decided, undecided } = await this.#tasks();
    const listed = decided.filter((pointId) => !this.#plans.condemned.hasPoint(pointId));
    for (const pointId of undecided) if (await this.#mayBePoint(pointId)) listed.push(pointId);
    return listed;
  }

  /** Damage is left to whoever reads the point, so that one damaged object hides no other point. */
  async #mayBePoint(pointId: string): Promise<boolean> {
    try {
      return (await this.read(pointId)) !== undefined;
    } catch (caught) {
      if (hasCode(caught, "REPOSITORY_DAMAGED")) return true;
      throw caught;
    }
  }

  /** Tasks with objects of points that no object calls committed. */
  async undecided(): Promise<readonly string[]> {
    const { undecided } = await this.#tasks();
    return [...undecided];
  }

  async #tasks(): Promise<{ readonly decided: readonly string[]; readonly undecided: ReadonlySet<string> }> {
    const undecided = new Set<string>();
    for await (const name of this.#objects.list(pointsFolder)) {
      const place = parsePointName(name);
      if (place) undecided.add(place.pointId);
    }
    const decided: string[] = [];
    for await (const name of this.#objects.list(tasksFolder)) {
      const taskId = name.split("/")[1] ?? "";
      if (name === committedName(taskId) && undecided.delete(taskId)) decided.push(taskId);
    }
    return { decided, undecided };
  }

  /** The point of a task; undefined when it has none. REPOSITORY_DAMAGED when the committed one is lost or not whole. */
  async read(pointId: string): Promise<StoredPoint | undefined> {
    const committed = await this.#attempts.readCommitted(pointId);
    const facts: TaskFacts = committed ? { opened: [], fenced: [], committed } : await this.#attempts.read(pointId);
    return (await this.find(pointId, facts))?.point;
  }

  /** The same for facts that were read just before: in that order, a point that lands meanwhile is seen or retired. */
  async find(pointId: string, facts: TaskFacts): Promise<FoundPoint | undefined> {
    const { committed } = facts;
    if (committed) {
      const point = await this.#readCommitted({ pointId, attempt: committed.number, epoch: committed.epoch });
      return point && { point, isDecided: true };
    }
    const points = await Promise.all((await this.#places(pointId)).map((place) => this.#readAt(place)));
    const manifests = points.map((point) => ({ ...point.commit.attempt, epoch: point.commit.epoch, point }));
    const found = pointAmong(facts, manifests, this.#plans.closedBy);
    return found && { point: found.point, isDecided: false };
  }

  /** Undefined for one that is gone. */
  async #readCommitted(place: PointPlace): Promise<StoredPoint | undefined> {
    if (this.#plans.condemned.hasPoint(place.pointId)) return undefined;
    try {
      return await this.#readAt(place);
    } catch (caught) {
      if (!hasCode(caught, "NOT_FOUND")) throw caught;
      if ((await this.#marks.read(place.pointId))?.state.gone === true) return undefined;
      throw new HoldfastError("REPOSITORY_DAMAGED", `the object of point ${place.pointId} is gone`, { cause: caught });
    }
  }

  async #readAt(place: PointPlace): Promise<StoredPoint> {
    const name = pointName(place.pointId, place);
    const how = { repositoryId: this.#repositoryId, keys: this.#keys };
    return decodePointObject(await this.#objects.get(name), how, name);
  }

  async #places(pointId: string): Promise<readonly PointPlace[]> {
    const places: PointPlace[] = [];
    for await (const name of this.#objects.list(pointFolder(pointId))) {
      const place = parsePointName(name);
      if (place) places.push(place);
    }
    return places;
  }
}
