import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { retry, type RetryDeps, type RetryPolicy } from "@holdfast/shared/retry/retry";
import type { ObjectStore, Published, WriteOptions } from "../object-store.ts";
import type { AroundCall, AroundList, StoreVerb } from "./store-call.ts";
import { WrappedStore } from "./wrapped-store.ts";

/** What repeating needs. */
export interface RetryingStoreOptions {
  readonly clock: Clock;
  /** Where the jitter of waits comes from. */
  readonly random: RandomBytes;
  /** Five tries within about six seconds unless told. */
  readonly policy?: RetryPolicy;
  readonly onRetry?: (verb: StoreVerb, failure: { readonly waitMs: number }) => void;
}

const usualPolicy: RetryPolicy = { attempts: 5, firstMs: 200, maxMs: 3_000 };
const never = new AbortController().signal;

const isUnreachable = (caught: unknown): boolean => hasCode(caught, "STORE_UNREACHABLE");

const fractionFrom = (random: RandomBytes) => (): number => Buffer.from(random(4)).readUInt32BE() / 2 ** 32;

/** Repeats calls that failed with STORE_UNREACHABLE, a bounded number of times, and no other failure: a full disk is no hiccup. */
export const retryingStore = (store: ObjectStore, options: RetryingStoreOptions): ObjectStore =>
  new RetryingStore(store, options);

class RetryingStore extends WrappedStore {
  readonly #call: AroundCall;

  constructor(inner: ObjectStore, { clock, random, policy = usualPolicy, onRetry }: RetryingStoreOptions) {
    const deps: RetryDeps = {
      clock,
      random: fractionFrom(random),
      isRetryable: isUnreachable,
    };
    const call: AroundCall = async ({ verb, signal = never }, run) =>
      await retry(policy, signal, () => run(), { ...deps, onRetry: (failure) => onRetry?.(verb, failure) });
    super(inner, { call, list: resumed(call, inner.listsInOrder === true) });
    this.#call = call;
  }

  /** After a try of which nobody knows whether it arrived, our own bytes under the name are ours. */
  override async putIfAbsent(name: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<Published> {
    let tries = 0;
    const call = {
      verb: "putIfAbsent",
      name,
      sentBytes: bytes.byteLength,
      askedBytes: 0,
      signal: options.signal,
    } as const;
    return await this.#call(call, async () => {
      tries += 1;
      const published = await this.inner.putIfAbsent(name, bytes, options);
      if (published === "created" || tries === 1) return published;
      return Buffer.from(await this.get(name, options)).equals(bytes) ? "created" : "exists";
    });
  }
}

/**
 * A listing that broke off is begun again behind its last name, where names come in order: none is missed or doubled then. Elsewhere it is
 * begun again only while it has given none.
 */
const resumed = (around: AroundCall, isInOrder: boolean): AroundList =>
  async function* (call, open) {
    let last = "";
    let names = open()[Symbol.asyncIterator]();
    const nextAfterLast = async (): Promise<IteratorResult<string>> => {
      for (;;) {
        const next = await names.next();
        if (next.done === true || last === "" || !isInOrder || next.value > last) return next;
      }
    };
    const step = async (): Promise<IteratorResult<string>> => {
      try {
        return await nextAfterLast();
      } catch (caught) {
        if (!isUnreachable(caught) || (last !== "" && !isInOrder)) throw caught;
      }
      return await around(call, () => {
        names = open()[Symbol.asyncIterator]();
        return nextAfterLast();
      });
    };
    try {
      for (let next = await step(); next.done !== true; next = await step()) {
        last = next.value;
        yield last;
      }
    } finally {
      await names.return?.();
    }
  };
