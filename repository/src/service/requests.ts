import type { AttemptKey, VmKey as VmKeyMessage } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idSize } from "@holdfast/shared/format/content-id";
import {
  type AttemptRef,
  attemptSchema,
  pointIdSchema,
  type VmKey,
  vmKeySchema,
} from "@holdfast/shared/format/manifest-schema";
import { z } from "zod";

/** The highest attempt number that is taken (L2): more tries of one task are a loop. */
const mostAttempts = 1000;
/** Ids in one batch (R7). */
export const mostIds = 4096;

const attemptKeySchema = attemptSchema.extend({ number: z.int().min(1).max(mostAttempts) });
const fenceKeySchema = attemptKeySchema.extend({ attemptId: z.string().max(64) });

const parse = <Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HoldfastError("INVALID_ARGUMENT", `${what}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
};

const fieldsOf = (key: AttemptKey | undefined): unknown =>
  key && { taskId: key.taskId, number: key.number, attemptId: key.attemptId };

/** An attempt of a request. */
export const toAttempt = (key: AttemptKey | undefined): AttemptRef => parse(attemptKeySchema, fieldsOf(key), "attempt");

/** An attempt to fence: its random id is not looked at (A5), and may be empty. */
export const toFencedAttempt = (key: AttemptKey | undefined): AttemptRef => {
  const attempt = parse(fenceKeySchema, fieldsOf(key), "attempt");
  return { ...attempt, attemptId: attempt.attemptId === "" ? "fenced" : attempt.attemptId };
};

/** A VM of a request. */
export const toVmKey = (key: VmKeyMessage | undefined): VmKey =>
  parse(vmKeySchema, key && { engineInstanceId: key.engineInstanceId, vmId: key.vmId }, "vm");

/** A point id of a request. */
export const toPointId = (text: string): string => parse(pointIdSchema, text, "point id");

/** A batch of ids: a whole number of them, and no more than allowed. */
export const toIds = (ids: Uint8Array): Uint8Array => {
  if (ids.byteLength % idSize !== 0) {
    throw new HoldfastError("INVALID_ARGUMENT", `${ids.byteLength} bytes are no whole number of ids`);
  }
  if (ids.byteLength > mostIds * idSize) {
    throw new HoldfastError("INVALID_ARGUMENT", `${ids.byteLength / idSize} ids are more than ${mostIds}`);
  }
  return ids;
};

/** A grant of bytes of a request, as a safe number; STREAM_REFUSED for others. */
export const toGrant = (bytes: bigint, mostBytes: number): number => {
  if (bytes > 0n && bytes <= BigInt(mostBytes)) return Number(bytes);
  throw new HoldfastError("STREAM_REFUSED", `${bytes} is no grant between 1 and ${mostBytes} bytes`);
};
