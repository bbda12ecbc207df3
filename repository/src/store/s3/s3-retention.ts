import { GetObjectRetentionCommand, PutObjectRetentionCommand } from "@aws-sdk/client-s3";
import type { CallOptions, ObjectRetention } from "../object-store.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { isNotLocked, toS3Error } from "./s3-error.ts";
import { lockMode, toLockDate } from "./s3-requests.ts";
import { abortable } from "./s3-staged-object.ts";

/** Object Lock in compliance mode: the storage refuses to remove a version before its time, and to shorten that time. */
export const s3Retention = (bucket: S3Bucket): ObjectRetention => {
  const { client, settings, keyOf } = bucket;

  const lockedUntil = async (name: string, { signal }: CallOptions = {}): Promise<number | undefined> => {
    const input = { Bucket: settings.bucket, Key: keyOf(name) };
    try {
      const { Retention } = await client.send(new GetObjectRetentionCommand(input), abortable(signal));
      return Retention?.RetainUntilDate?.getTime();
    } catch (caught) {
      if (isNotLocked(caught)) return undefined;
      throw toS3Error(caught, `asking until when ${name} is locked`, signal);
    }
  };

  const lockUntil = async (name: string, untilMs: number, options: CallOptions = {}): Promise<void> => {
    const present = await lockedUntil(name, options);
    if (present !== undefined && present >= untilMs) return;
    const { signal } = options;
    const input = {
      Bucket: settings.bucket,
      Key: keyOf(name),
      Retention: { Mode: lockMode, RetainUntilDate: toLockDate(untilMs) },
    };
    try {
      await client.send(new PutObjectRetentionCommand(input), abortable(signal));
    } catch (caught) {
      throw toS3Error(caught, `locking ${name}`, signal);
    }
  };

  return { lockUntil, lockedUntil };
};
