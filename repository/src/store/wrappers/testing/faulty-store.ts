import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ByteRange, CallOptions, ObjectStore, StagedObject, StageOptions } from "../../object-store.ts";
import type { AroundCall, AroundList, StoreVerb } from "../store-call.ts";
import { WrappedStore } from "../wrapped-store.ts";

/** What goes wrong with a call. `lost` = done, but the answer never comes; `torn` = half of a write; the last two are of reads. */
export type Fault = "unreachable" | "lost" | "full" | "torn" | "short" | "flipped" | undefined;

/** A call of which a test decides; `number` counts calls of that verb from 1. */
export interface FaultPoint {
  readonly verb: StoreVerb;
  readonly name: string;
  readonly number: number;
}

/** What a test makes of calls. */
export interface Faults {
  readonly decide: (point: FaultPoint) => Fault;
  /** Names that listings do not show yet. */
  readonly isHidden?: (name: string) => boolean;
}

const unreachable = (verb: string): HoldfastError => new HoldfastError("STORE_UNREACHABLE", `${verb}: by a test`);
const full = (verb: string): HoldfastError => new HoldfastError("REPOSITORY_FULL", `${verb}: by a test`);

/** A store that fails where a test says so: errors, torn writes, short reads, bit flips, no space, listings that lag. */
export const faultyStore = (inner: ObjectStore, faults: Faults): ObjectStore => new FaultyStore(inner, faults);

class FaultyStore extends WrappedStore {
  readonly #take: (verb: StoreVerb, name: string) => Fault;

  constructor(inner: ObjectStore, { decide, isHidden = () => false }: Faults) {
    const counts = new Map<StoreVerb, number>();
    const take = (verb: StoreVerb, name: string): Fault => {
      const number = (counts.get(verb) ?? 0) + 1;
      counts.set(verb, number);
      return decide({ verb, name, number });
    };
    super(inner, { call: failing(take), list: lagging(take, isHidden) });
    this.#take = take;
  }

  override async stage(name: string, options: StageOptions = {}): Promise<StagedObject> {
    throwWhole(this.#take("stage", name), "stage");
    const staged = await this.inner.stage(name, options);
    return {
      write: async (parts, writeOptions) => {
        const fault = this.#take("write", name);
        if (fault === "torn") {
          const whole = Buffer.concat(parts);
          await staged.write([whole.subarray(0, whole.byteLength >> 1)], writeOptions);
          throw new HoldfastError("IO_FAILED", "write: torn by a test");
        }
        throwWhole(fault, "write");
        await staged.write(parts, writeOptions);
      },
      publish: async (publishOptions) => {
        const fault = this.#take("publish", name);
        throwWhole(fault, "publish");
        const published = await staged.publish(publishOptions);
        if (fault === "lost") throw unreachable("publish");
        return published;
      },
      [Symbol.asyncDispose]: () => staged[Symbol.asyncDispose](),
    };
  }

  override async get(name: string, options: CallOptions = {}): Promise<Uint8Array> {
    const fault = this.#take("get", name);
    throwWhole(fault, "get");
    return spoil(await this.inner.get(name, options), fault);
  }

  override async getRange(name: string, range: ByteRange, options: CallOptions = {}): Promise<Uint8Array> {
    const fault = this.#take("getRange", name);
    throwWhole(fault, "getRange");
    return spoil(await this.inner.getRange(name, range, options), fault);
  }
}

const throwWhole = (fault: Fault, verb: string): void => {
  if (fault === "unreachable") throw unreachable(verb);
  if (fault === "full") throw full(verb);
};

const failing =
  (take: (verb: StoreVerb, name: string) => Fault): AroundCall =>
  async ({ verb, name }, run) => {
    const fault = take(verb, name);
    throwWhole(fault, verb);
    const answer = await run();
    if (fault === "lost") throw unreachable(verb);
    return answer;
  };

/** A listing that fails, fails after its first name. */
const lagging = (take: (verb: StoreVerb, name: string) => Fault, isHidden: (name: string) => boolean): AroundList =>
  async function* ({ verb, name: folder }, open) {
    const fault = take(verb, folder);
    for await (const name of open()) {
      if (isHidden(name)) continue;
      yield name;
      throwWhole(fault, verb);
    }
  };

const spoil = (bytes: Uint8Array, fault: Fault): Uint8Array => {
  if (fault === "short") return bytes.subarray(0, bytes.byteLength >> 1);
  if (fault !== "flipped") return bytes;
  const flipped = Uint8Array.from(bytes);
  const at = flipped.byteLength >> 1;
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
};
