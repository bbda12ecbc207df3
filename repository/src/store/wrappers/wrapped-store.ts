import type {
  ByteRange,
  CallOptions,
  ObjectRetention,
  ObjectStore,
  Published,
  StagedObject,
  StageOptions,
  StoreSpace,
  WriteOptions,
} from "../object-store.ts";
import type { AroundCall, AroundList, StoreCall, StoreVerb } from "./store-call.ts";

/** What stands around every call of a store; listings pass through unless told. */
export interface Around {
  readonly call: AroundCall;
  readonly list?: AroundList;
}

const totalBytes = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { byteLength }) => sum + byteLength, 0);

const toCall = (verb: StoreVerb, name: string, rest: Partial<StoreCall> = {}): StoreCall => ({
  verb,
  name,
  sentBytes: 0,
  askedBytes: 0,
  signal: undefined,
  ...rest,
});

/** A store whose every call goes through one function. Disposing of it disposes of the store within. */
export class WrappedStore implements ObjectStore {
  readonly listsInOrder: boolean;
  readonly clockMs: ObjectStore["clockMs"];
  readonly retention: ObjectRetention | undefined;
  protected readonly inner: ObjectStore;
  readonly #around: Around;

  constructor(inner: ObjectStore, around: Around) {
    this.inner = inner;
    this.#around = around;
    const { clockMs, retention, listsInOrder = false } = inner;
    this.listsInOrder = listsInOrder;
    this.clockMs =
      clockMs && (async (options = {}) => await around.call(toCall("clock", "", options), () => clockMs(options)));
    this.retention = retention && wrapRetention(retention, around);
  }

  async putIfAbsent(name: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<Published> {
    const call = toCall("putIfAbsent", name, { sentBytes: bytes.byteLength, signal: options.signal });
    return await this.#around.call(call, () => this.inner.putIfAbsent(name, bytes, options));
  }

  async stage(name: string, options: StageOptions = {}): Promise<StagedObject> {
    const call = toCall("stage", name, { signal: options.signal });
    const staged = await this.#around.call(call, () => this.inner.stage(name, options));
    return new WrappedStagedObject(staged, name, this.#around);
  }

  async get(name: string, options: CallOptions = {}): Promise<Uint8Array> {
    return await this.#around.call(toCall("get", name, options), () => this.inner.get(name, options));
  }

  async getRange(name: string, range: ByteRange, options: CallOptions = {}): Promise<Uint8Array> {
    const call = toCall("getRange", name, { askedBytes: range.length, signal: options.signal });
    return await this.#around.call(call, () => this.inner.getRange(name, range, options));
  }

  async sizeOf(name: string, options: CallOptions = {}): Promise<number> {
    return await this.#around.call(toCall("sizeOf", name, options), () => this.inner.sizeOf(name, options));
  }

  list(folder: string, options: CallOptions = {}): AsyncIterable<string> {
    const open = (): AsyncIterable<string> => this.inner.list(folder, options);
    return this.#around.list?.(toCall("list", folder, options), open) ?? open();
  }

  async confirm(names: readonly string[], options: CallOptions = {}): Promise<void> {
    await this.#around.call(toCall("confirm", "", options), () => this.inner.confirm(names, options));
  }

  async remove(name: string, options: CallOptions = {}): Promise<void> {
    await this.#around.call(toCall("remove", name, options), () => this.inner.remove(name, options));
  }

  async removeLeftovers(isDead: (name: string) => boolean, options: CallOptions = {}): Promise<void> {
    await this.#around.call(toCall("removeLeftovers", "", options), () => this.inner.removeLeftovers(isDead, options));
  }

  async space(options: CallOptions = {}): Promise<StoreSpace> {
    return await this.#around.call(toCall("space", "", options), () => this.inner.space(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }
}

const wrapRetention = (retention: ObjectRetention, { call }: Around): ObjectRetention => ({
  lockUntil: async (name, untilMs, options = {}) => {
    await call(toCall("lockUntil", name, options), () => retention.lockUntil(name, untilMs, options));
  },
  lockedUntil: async (name, options = {}) =>
    await call(toCall("lockedUntil", name, options), () => retention.lockedUntil(name, options)),
});

class WrappedStagedObject implements StagedObject {
  readonly #staged: StagedObject;
  readonly #name: string;
  readonly #around: Around;

  constructor(staged: StagedObject, name: string, around: Around) {
    this.#staged = staged;
    this.#name = name;
    this.#around = around;
  }

  async write(parts: readonly Uint8Array[], options: CallOptions = {}): Promise<void> {
    const call = toCall("write", this.#name, { sentBytes: totalBytes(parts), signal: options.signal });
    await this.#around.call(call, () => this.#staged.write(parts, options));
  }

  async publish(options: CallOptions = {}): Promise<Published> {
    return await this.#around.call(toCall("publish", this.#name, options), () => this.#staged.publish(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#around.call(toCall("discard", this.#name), async () => {
      await this.#staged[Symbol.asyncDispose]();
    });
  }
}
