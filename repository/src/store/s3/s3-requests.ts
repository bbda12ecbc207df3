import { createHash } from "node:crypto";
import type { ObjectLockMode } from "@aws-sdk/client-s3";
import { toDate } from "@holdfast/shared/clock/dates";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { WriteOptions } from "../object-store.ts";
import type { S3Bucket } from "./s3-bucket.ts";

/** The checksum that the storage compares a body with before it takes it. */
export const md5Of = (body: Uint8Array): string => createHash("md5").update(body).digest("base64");

/** Locks that nobody, root accounts included, can shorten. */
export const lockMode: ObjectLockMode = "COMPLIANCE";

/** The part of a request that locks what is written; INVALID_ARGUMENT where the bucket is not said to have Object Lock. */
export const lockOf = (
  { settings }: S3Bucket,
  { lockUntilMs }: WriteOptions,
): { readonly ObjectLockMode?: ObjectLockMode; readonly ObjectLockRetainUntilDate?: Date } => {
  if (lockUntilMs === undefined) return {};
  if (!settings.objectLock) throw new HoldfastError("INVALID_ARGUMENT", "the bucket is not set up for Object Lock");
  return { ObjectLockMode: lockMode, ObjectLockRetainUntilDate: toLockDate(lockUntilMs) };
};

/** A whole second, not before that time: the storage keeps no parts of seconds. */
export const toLockDate = (ms: number): Date => toDate(Math.ceil(ms / 1000) * 1000);

/** How an object is created only if absent; a sole writer looks before instead, because its storage knows no condition. */
export const conditionOf = ({ settings }: S3Bucket): { readonly IfNoneMatch?: "*" } =>
  settings.soleWriter ? {} : { IfNoneMatch: "*" };
