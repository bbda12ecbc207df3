/** What came of writing under a name: `exists` = someone else's bytes are there, ours are gone. */
export type Published = "created" | "exists";

/** What every call may be given. */
export interface CallOptions {
  /** Ends the wait; what the storage was asked may have happened all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** What a call that writes an object may be given. */
export interface WriteOptions extends CallOptions {
  /** The object cannot be removed before, by anybody; INVALID_ARGUMENT where the store has no `retention`. */
  readonly lockUntilMs?: number | undefined;
}

/** What staging an object may be given. */
export interface StageOptions extends WriteOptions {
  /** In parts however small it is, where the storage tells parts from whole objects: to see how they are completed. */
  readonly inParts?: boolean | undefined;
}

/** Bytes on their way to a name; disposing of it before `publish` succeeded leaves nothing. */
export interface StagedObject extends AsyncDisposable {
  /**
   * Appends; resolves when the bytes are handed to the storage, which is not durable yet. One call at a time. After
   * STORE_UNREACHABLE none of these parts were taken and the same call may be repeated; any other failure is final.
   */
  write(parts: readonly Uint8Array[], options?: CallOptions): Promise<void>;
  /**
   * Makes the bytes durable under the name they were staged for, which must be absent. After STORE_UNREACHABLE it may be
   * repeated, and tells an object of its own from someone else's; after any other failure the object is abandoned for good.
   */
  publish(options?: CallOptions): Promise<Published>;
}

/** Bytes of an object from `offset`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Free and all bytes of where objects lie; `Number.MAX_SAFE_INTEGER` for both where the storage knows no end. */
export interface StoreSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Storage that itself refuses to remove objects before their time, whoever asks. */
export interface ObjectRetention {
  /** Locks an object until that time, or longer when it is already; never shortens. NOT_FOUND. */
  lockUntil(name: string, untilMs: number, options?: CallOptions): Promise<void>;
  /** Until when an object is locked; undefined when it is not. NOT_FOUND. */
  lockedUntil(name: string, options?: CallOptions): Promise<number | undefined>;
}

/** The most bytes of an object that is read whole: points are the largest, with manifests of up to 16 MiB. */
export const largestWholeObject = 32 * 1024 * 1024;

/**
 * Named bytes that never change. Names are `[0-9a-z.-]` in parts separated by `/`. Errors: NOT_FOUND for an absent object,
 * REPOSITORY_FULL when there is no room, STORE_UNREACHABLE when another try may help, STORE_DENIED when we may not,
 * IO_FAILED when the storage failed otherwise.
 */
export interface ObjectStore extends AsyncDisposable {
  /** The name is durable when it resolves, whoever gave it. */
  putIfAbsent(name: string, bytes: Uint8Array, options?: WriteOptions): Promise<Published>;
  /** Starts an object that comes in parts and has no name until it is published. */
  stage(name: string, options?: StageOptions): Promise<StagedObject>;
  /** All of it; REPOSITORY_DAMAGED, and nothing in memory, when it is larger than anything that is read so. */
  get(name: string, options?: CallOptions): Promise<Uint8Array>;
  /** Exactly those bytes; REPOSITORY_DAMAGED when the object ends before. */
  getRange(name: string, range: ByteRange, options?: CallOptions): Promise<Uint8Array>;
  sizeOf(name: string, options?: CallOptions): Promise<number>;
  /** Names below a folder, at any depth, each once, in no order unless `listsInOrder`; none when the folder is absent. */
  list(folder: string, options?: CallOptions): AsyncIterable<string>;
  /** Makes names durable that a process which was killed may have given: before anything relies on them. */
  confirm(names: readonly string[], options?: CallOptions): Promise<void>;
  /** Succeeds when it is absent already; OBJECT_LOCKED when its time has not come. */
  remove(name: string, options?: CallOptions): Promise<void>;
  /**
   * Removes what unfinished writers of former owners left; only the owner of the repository calls it. Where unfinished
   * objects have names, only those that `isDead` knows to be of a former owner are touched.
   */
  removeLeftovers(isDead: (name: string) => boolean, options?: CallOptions): Promise<void>;
  space(options?: CallOptions): Promise<StoreSpace>;
  /** True where every listing is in ascending order of its names. */
  readonly listsInOrder?: boolean | undefined;
  /** What time the storage has, for comparing clocks; absent where it has none of its own. */
  readonly clockMs?: ((options?: CallOptions) => Promise<number>) | undefined;
  /** Absent where the storage cannot lock. */
  readonly retention?: ObjectRetention | undefined;
}
