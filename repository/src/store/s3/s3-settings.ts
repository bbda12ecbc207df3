import { z } from "zod";

const bucketName = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name");

const mebibyte = 1024 * 1024;

/** Where a repository lies in S3-compatible storage, and how it is reached. Never a secret: those are in a file or the environment. */
export const s3SettingsSchema = z.strictObject({
  /** Such as `https://s3.example.org:9000`; Amazon's own endpoint of the region unless told. Buckets are addressed by path. */
  endpoint: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).default(""),
  region: z.string().min(1).default("us-east-1"),
  bucket: bucketName,
  /** What names of objects begin with, without slashes at its ends; the whole bucket unless told. */
  prefix: z
    .string()
    .regex(/^(?:[0-9A-Za-z._-]+(?:\/[0-9A-Za-z._-]+)*)?$/, "letters, digits and . _ - in parts separated by /")
    .default(""),
  /** File with `aws_access_key_id` and `aws_secret_access_key`, readable by its owner alone; the environment's `AWS_…` unless told. */
  credentialsFile: z.string().default(""),
  /** Certificates in PEM that are trusted instead of the system's. */
  caFile: z.string().default(""),
  /** The bucket has Object Lock, and the repository may use it. */
  objectLock: z.boolean().default(false),
  /** No other server ever writes here: allows a storage that cannot create objects only if absent. */
  soleWriter: z.boolean().default(false),
  /** Bytes of a part of a larger object; every part but the last is exactly that long. */
  partBytes: z
    .int()
    .min(5 * mebibyte)
    .max(64 * mebibyte)
    .default(8 * mebibyte),
  /** Bytes per second, both directions together; 0 for no limit. */
  bytesPerSecond: z.int().nonnegative().default(0),
  callsAtOnce: z.int().min(1).max(256).default(32),
  /** Longest wait for an answer to one request. */
  timeoutSeconds: z.number().positive().default(60),
});

/** The same as a section of a configuration, which says by an empty bucket that there is none. */
export const s3SectionSchema = s3SettingsSchema.extend({ bucket: z.union([z.literal(""), bucketName]).default("") });

/** Checked settings. */
export type S3Settings = z.output<typeof s3SettingsSchema>;
