import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { type MarkState, unmarked } from "../store/mark.ts";
import type { RepositoryReader, StoredPoint } from "../store/repository-store.ts";
import { type CatalogPoint, isRemoved, laterOf, toCatalogPoint } from "./catalog-point.ts";

/** Objects that are read at once when the catalog is made. */
const readsAtOnce = 16;

/** What is wrong with one point, and hides no other. */
const unreadableCodes: ReadonlySet<string> = new Set(["REPOSITORY_DAMAGED", "KEY_MISSING"]);

/** The points of a repository, in memory; made from manifests and marks, which stay the truth. */
export class Catalog {
  readonly #reader: RepositoryReader;
  readonly #points = new Map<string, CatalogPoint>();
  readonly #unreadable = new Map<string, HoldfastError>();

  private constructor(reader: RepositoryReader) {
    this.#reader = reader;
  }

  /** Reads every point and its highest mark. */
  static async load(reader: RepositoryReader, signal?: AbortSignal): Promise<Catalog> {
    const catalog = new Catalog(reader);
    await mapBounded(await reader.listPoints(), readsAtOnce, (pointId) => catalog.#read(pointId), signal);
    return catalog;
  }

  /** Points whose own object or mark is damaged, or sealed under a key that is not at hand, each with what is wrong; they are not among the others. */
  get unreadable(): ReadonlyMap<string, HoldfastError> {
    return this.#unreadable;
  }

  async #read(pointId: string): Promise<void> {
    try {
      const point = await this.#reader.readPoint(pointId);
      const mark = await this.#reader.readMark(pointId);
      if (point) this.add(point, mark?.state);
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || !unreadableCodes.has(caught.code)) throw caught;
      this.#unreadable.set(pointId, caught);
    }
  }

  /** Adds a point; adding one again changes nothing but its marks. */
  add(point: StoredPoint, marked: MarkState = unmarked): CatalogPoint {
    const known = this.#points.get(point.pointId);
    const entry = known ?? toCatalogPoint(point, marked, this.#reader.facts.chunkSize);
    this.#points.set(entry.pointId, entry);
    return entry;
  }

  /** Takes over what the newest mark of a point says. */
  setMarked(pointId: string, marked: MarkState): CatalogPoint {
    const known = this.require(pointId);
    const immutableUntilMs = laterOf(known.immutableUntilMs, marked.immutableUntilMs);
    const point = { ...known, marked, immutableUntilMs };
    this.#points.set(pointId, point);
    return point;
  }

  /** Forgets a point that is gone. */
  remove(pointId: string): void {
    this.#points.delete(pointId);
  }

  get(pointId: string): CatalogPoint | undefined {
    return this.#points.get(pointId);
  }

  /** A point, marked deleted or not; POINT_NOT_FOUND. */
  require(pointId: string): CatalogPoint {
    const point = this.#points.get(pointId);
    if (!point) throw new HoldfastError("POINT_NOT_FOUND", `no point ${pointId}`);
    return point;
  }

  /** A point that is not marked deleted; POINT_NOT_FOUND. */
  requireLive(pointId: string): CatalogPoint {
    const point = this.require(pointId);
    if (isRemoved(point)) throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} is marked deleted`);
    return point;
  }

  /** All points, oldest capture first; those of one moment by their ids. */
  list(): CatalogPoint[] {
    return [...this.#points.values()].sort((a, b) => a.capturedMs - b.capturedMs || (a.pointId < b.pointId ? -1 : 1));
  }

  get size(): number {
    return this.#points.size;
  }
}
