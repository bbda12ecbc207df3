/** What came of writing under a name: `exists` = someone else's bytes are there, ours are gone. */
export type Published = "created" | "exists";

/** Bytes on their way to a name; disposing of it before `publish` succeeded leaves nothing. */
export interface StagedObject extends AsyncDisposable {
  /** Appends; resolves when the bytes are handed to the storage, which is not durable yet. One call at a time. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Makes the bytes durable under a name that must be absent. After it failed, the object is abandoned for good. */
  publish(name: string): Promise<Published>;
}

/** Bytes of an object from `offset`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Free and all bytes of where objects lie. */
export interface StoreSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/**
 * Named bytes that never change. Names are `[0-9a-z.-]` in parts separated by `/`. Errors: NOT_FOUND for an absent object,
 * REPOSITORY_FULL when there is no room, IO_FAILED when the storage could not answer.
 */
export interface ObjectStore extends AsyncDisposable {
  /** The name is durable when it resolves, whoever gave it. */
  putIfAbsent(name: string, bytes: Uint8Array): Promise<Published>;
  stage(): Promise<StagedObject>;
  get(name: string): Promise<Uint8Array>;
  /** Exactly those bytes; REPOSITORY_DAMAGED when the object ends before. */
  getRange(name: string, range: ByteRange): Promise<Uint8Array>;
  sizeOf(name: string): Promise<number>;
  /** Names below a folder, at any depth, in no order; none when the folder is absent. */
  list(folder: string): AsyncIterable<string>;
  /** Makes names durable that a process which was killed may have given: before anything relies on them. */
  confirm(names: readonly string[]): Promise<void>;
  /** Succeeds when it is absent already. */
  remove(name: string): Promise<void>;
  /** Removes what unfinished writers of former owners left; only the owner of the repository calls it. */
  removeLeftovers(): Promise<void>;
  space(): Promise<StoreSpace>;
}
