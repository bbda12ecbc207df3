import type { Environment } from "@holdfast/shared/config/environment";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { openS3Bucket } from "./s3-bucket.ts";
import { S3ObjectStore } from "./s3-object-store.ts";
import type { S3Settings } from "./s3-settings.ts";

/** The objects of a bucket. Imported when there is one: the SDK takes 34 MiB and an eighth of a second. */
export const openS3Store = async (
  settings: S3Settings,
  env: Environment,
  random: RandomBytes,
): Promise<S3ObjectStore> => new S3ObjectStore(await openS3Bucket(settings, env), random);
