import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt } from "@holdfast/shared/format/content-id";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import type { IndexClient } from "../index/index-client.ts";
import type { PackedRecord } from "../ingest/checked-record.ts";
import { packName, type PackKey } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { PackWriter } from "./pack-writer.ts";
import type { PendingPack } from "./repository-store.ts";

/** What open packs are made with. */
export interface OpenPacksDeps {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly repositoryId: RepositoryId;
  readonly epoch: number;
  readonly clock: Clock;
  /** A pack is sealed when it has that many bytes. */
  readonly targetBytes: number;
  /** Numbers of packs in this epoch, shared by all that write packs. */
  readonly nextSequence: () => number;
}

/** Where a record went; `isNew` is false when a pack here had it. */
export interface Placed {
  readonly pack: PendingPack;
  readonly isNew: boolean;
}

/** The most records of a pack, so that its table of contents stays below 1 MiB. */
export const largestPackRecords = 16_384;
/** Packs that may be on their way to the disk while others are being filled. */
const sealingAtOnce = 2;

/**
 * The packs that are being filled, one of each kind, and those being made durable. Knows which ids lie in them; an id leaves
 * it when the index has taken its pack in, or when the pack was abandoned (I2, I4).
 */
export class OpenPacks implements AsyncDisposable {
  readonly #deps: OpenPacksDeps;
  /** Packs in the state `open`, no others. */
  readonly #current = new Map<RecordKind, OpenPack>();
  readonly #opening = new Map<RecordKind, Promise<OpenPack>>();
  readonly #sealing = new Set<OpenPack>();
  readonly #holders = new Map<string, OpenPack>();
  #closed = false;

  constructor(deps: OpenPacksDeps) {
    this.#deps = deps;
  }

  /** The pack that holds an id and is not durable yet; the `index`th of `ids`. */
  holderOf(kind: RecordKind, ids: Uint8Array, index = 0): PendingPack | undefined {
    return this.#holders.get(holderKey(kind, idAt(ids, index)));
  }

  /**
   * Puts a record in unless a pack here has it; resolves when its bytes were handed to the storage. `onPlaced` is told the pack
   * in the step in which it takes the record, long before anybody may collect it.
   */
  async append(record: PackedRecord, signal?: AbortSignal, onPlaced?: (pack: PendingPack) => void): Promise<Placed> {
    const { kind, id } = record.header;
    const key = holderKey(kind, id);
    for (;;) {
      const pack = await this.#currentPack(kind, signal);
      const holder = this.#holders.get(key);
      const into = holder ?? pack;
      if (holder === undefined && pack.state !== "open") continue;
      onPlaced?.(into);
      // Others may have filled it between its opening and this turn.
      return holder === undefined ? await this.#place(pack, key, record) : { pack: holder, isNew: false };
    }
  }

  /** Resolves when these packs are durable and indexed, sealing those still open; fails when one was abandoned. */
  async settle(packs: Iterable<PendingPack>, signal?: AbortSignal): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const pack of packs) {
      if (!(pack instanceof OpenPack)) throw new HoldfastError("INTERNAL", `${pack.pack} is not a pack of this store`);
      if (pack.state === "open") this.#seal(pack);
      waiting.push(pack.durable);
    }
    const all = Promise.all(waiting).then(() => undefined);
    await (signal === undefined ? all : orAborted(all, signal));
  }

  /** Seals what is open, so that nothing that was taken in is lost; then nothing more can be appended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#opening.values());
    for (const pack of this.#current.values()) await this.#end(pack);
    await Promise.allSettled([...this.#sealing].map(({ durable }) => durable));
  }

  /** A pack that was opened and never got a record is not worth a name. */
  async #end(pack: OpenPack): Promise<void> {
    if (pack.writer.recordCount > 0) this.#seal(pack);
    else await this.#abandon(pack, new HoldfastError("CANCELLED", "the repository is being closed"));
  }

  /** From the check of its state to here nothing else ran. */
  async #place(pack: OpenPack, key: string, record: PackedRecord): Promise<Placed> {
    this.#holders.set(key, pack);
    pack.keys.push(key);
    const written = pack.writer.append(record);
    if (pack.writer.sizeBytes >= this.#deps.targetBytes || pack.writer.recordCount >= largestPackRecords)
      this.#seal(pack);
    try {
      await written;
    } catch (caught) {
      await this.#abandon(pack, caught);
      throw caught;
    }
    return { pack, isNew: true };
  }

  /** The pack of a kind that is being filled; opens the next one, for all who need it, when there is none. */
  async #currentPack(kind: RecordKind, signal?: AbortSignal): Promise<OpenPack> {
    if (this.#closed) throw new HoldfastError("CANCELLED", "the repository is being closed");
    const current = this.#current.get(kind);
    if (current !== undefined) return current;
    const opening = this.#opening.get(kind) ?? this.#openNext(kind);
    this.#opening.set(kind, opening);
    return await (signal === undefined ? opening : orAborted(opening, signal));
  }

  async #openNext(kind: RecordKind): Promise<OpenPack> {
    try {
      const pack = await this.#openWhenRoom(kind);
      this.#current.set(kind, pack);
      return pack;
    } finally {
      this.#opening.delete(kind);
    }
  }

  async #openWhenRoom(kind: RecordKind): Promise<OpenPack> {
    while (this.#sealing.size >= sealingAtOnce) {
      await Promise.race([...this.#sealing].map(({ durable }) => durable.catch(() => undefined)));
    }
    const { objects, repositoryId, epoch, clock } = this.#deps;
    const header = { repositoryId, kind, epoch, sequence: this.#deps.nextSequence(), createdMs: clock.nowMs() };
    return new OpenPack(await PackWriter.open(objects, header));
  }

  #seal(pack: OpenPack): void {
    pack.state = "sealing";
    this.#current.delete(pack.writer.header.kind);
    this.#sealing.add(pack);
    void this.#sealAndIndex(pack);
  }

  async #sealAndIndex(pack: OpenPack): Promise<void> {
    try {
      const summary = await pack.writer.seal();
      await this.#deps.index.addPack(summary);
      this.#forget(pack);
      pack.settle("durable");
    } catch (caught) {
      await this.#abandon(pack, caught);
    }
  }

  async #abandon(pack: OpenPack, caught: unknown): Promise<void> {
    if (pack.state === "abandoned") return;
    if (pack.state === "open") this.#current.delete(pack.writer.header.kind);
    pack.state = "abandoned";
    this.#forget(pack);
    try {
      await pack.writer[Symbol.asyncDispose]();
    } finally {
      pack.settle("abandoned", HoldfastError.from(caught));
    }
  }

  #forget(pack: OpenPack): void {
    this.#sealing.delete(pack);
    for (const key of pack.keys) if (this.#holders.get(key) === pack) this.#holders.delete(key);
  }
}

const holderKey = (kind: RecordKind, id: Uint8Array): string =>
  `${kind}${Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1")}`;

/** A pack on its way: open → sealing → durable, or abandoned from any of the first two. */
class OpenPack implements PendingPack {
  readonly pack: string;
  readonly key: PackKey;
  readonly writer: PackWriter;
  readonly keys: string[] = [];
  state: "open" | "sealing" | "durable" | "abandoned" = "open";
  readonly #settled = Promise.withResolvers<void>();

  constructor(writer: PackWriter) {
    this.writer = writer;
    this.pack = packName(writer.header);
    this.key = { epoch: writer.header.epoch, sequence: writer.header.sequence };
    // Whoever needs the pack awaits `durable`; an abandoned pack that nobody needs is no error.
    this.#settled.promise.catch(() => undefined);
  }

  /** Resolves when the pack is durable and indexed, rejects when it was abandoned. */
  get durable(): Promise<void> {
    return this.#settled.promise;
  }

  settle(state: "durable" | "abandoned", error?: HoldfastError): void {
    this.state = state;
    if (state === "durable") this.#settled.resolve();
    else this.#settled.reject(error);
  }
}
