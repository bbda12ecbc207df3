import { systemRandom, randomName } from "@holdfast/shared/ids/ids";
import { openS3Bucket, type S3Bucket } from "../s3-bucket.ts";
import { S3ObjectStore } from "../s3-object-store.ts";
import { type S3Settings, s3SettingsSchema } from "../s3-settings.ts";
import { type S3ServerOptions, type S3TestServer, startS3Server } from "./s3-server.ts";

/** Settings of a new bucket of a test server. */
export const makeTestBucket = async (server: S3TestServer, settings: Partial<S3Settings> = {}): Promise<S3Settings> => {
  const bucket = `test-${randomName(8)}`;
  await server.makeBucket(bucket);
  return s3SettingsSchema.parse({ endpoint: server.endpoint, bucket, prefix: "some/where", ...settings });
};

/** A bucket of its own server, and the store in it; the server ends with the store. */
export interface TestBucket extends AsyncDisposable {
  readonly server: S3TestServer;
  readonly bucket: S3Bucket;
  readonly store: S3ObjectStore;
}

/** Opens a store in a new bucket of a new server. */
export const openTestBucket = async (
  options: S3ServerOptions = {},
  settings: Partial<S3Settings> = {},
): Promise<TestBucket> => {
  const server = await startS3Server(options);
  const bucket = await openS3Bucket(
    await makeTestBucket(server, { objectLock: options.objectLock === true, ...settings }),
    server.credentials,
  );
  const store = new S3ObjectStore(bucket, systemRandom);
  return {
    server,
    bucket,
    store,
    [Symbol.asyncDispose]: async () => {
      bucket.client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
};
