import { Behaviour, ContractService } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { HoldfastError } from "../../errors/holdfast-error.ts";
import { type CallContext, type ServedService, serveService } from "../implementation.ts";
import { orAborted } from "../../lifecycle/abort.ts";

/** What the served contract has seen: how tests look behind the wire. */
export interface ContractRecord {
  produced: number;
  collected: number;
  /** How many generators reached their `finally`. */
  finished: number;
  /** Reasons with which calls were aborted. */
  readonly aborts: unknown[];
}

/** A real implementation of the contract service with a record of what it did. */
export const contractService = (): { readonly served: ServedService; readonly record: ContractRecord } => {
  const record: ContractRecord = { produced: 0, collected: 0, finished: 0, aborts: [] };
  const served = serveService(ContractService, {
    async echo({ text, behaviour, payload }, context) {
      await behave(behaviour, context, record);
      return { v: 1, text, payload, correlationId: context.correlationId };
    },
    async *produce({ count, sizeBytes, behaviour }, context) {
      const payload = new Uint8Array(sizeBytes);
      try {
        for (let number = 0; number < count; number += 1) {
          record.produced += 1;
          yield { number, payload };
        }
        await behave(behaviour, context, record);
      } finally {
        record.finished += 1;
      }
    },
    async collect(requests, context) {
      let sizeBytes = 0;
      let messages = 0;
      for await (const { payload, behaviour } of requests) {
        await behave(behaviour, context, record);
        sizeBytes += payload.length;
        messages += 1;
        record.collected += 1;
        if (payload.length === 1) break;
      }
      return { messages, sizeBytes: BigInt(sizeBytes) };
    },
    async *converse(requests, context) {
      for await (const { text, behaviour } of requests) {
        await behave(behaviour, context, record);
        yield { text: text.toUpperCase() };
      }
    },
  });
  return { served, record };
};

const behave = async (behaviour: Behaviour, context: CallContext, record: ContractRecord): Promise<void> => {
  if (behaviour === Behaviour.FAIL_CODED) {
    throw new HoldfastError("CHUNK_MISSING", "chunk 7 is missing, señor", {
      details: { chunk: 7, isKnown: true, pack: "a b" },
    });
  }
  if (behaviour === Behaviour.FAIL_UNEXPECTED) throw new TypeError("secret internals");
  if (behaviour === Behaviour.WAIT) {
    const never = Promise.withResolvers<void>();
    try {
      await orAborted(never.promise, context.signal);
    } catch (caught) {
      record.aborts.push(caught);
      throw caught;
    }
  }
};
