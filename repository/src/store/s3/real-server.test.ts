import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { systemClock } from "@holdfast/shared/clock/clock";
import { randomName, systemRandom } from "@holdfast/shared/ids/ids";
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from "testcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { objectStoreContract } from "../object-store-contract.ts";
import { probeStore, requireFit } from "../probe-store.ts";
import { openS3Bucket, type S3Bucket } from "./s3-bucket.ts";
import { S3ObjectStore } from "./s3-object-store.ts";
import { s3SettingsSchema } from "./s3-settings.ts";

const image = "minio/minio:RELEASE.2025-09-07T16-13-09Z";
const port = 9000;
const key = { AWS_ACCESS_KEY_ID: "holdfast", AWS_SECRET_ACCESS_KEY: "holdfast-secret" };

const hasContainerEngine = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

const onRealServer = (): void => {
  let container: StartedTestContainer | undefined;
  beforeAll(async () => {
    container = await new GenericContainer(image)
      .withCommand(["server", "/data"])
      .withEnvironment({ MINIO_ROOT_USER: key.AWS_ACCESS_KEY_ID, MINIO_ROOT_PASSWORD: key.AWS_SECRET_ACCESS_KEY })
      .withExposedPorts(port)
      .withWaitStrategy(Wait.forHttp("/minio/health/ready", port))
      .start();
  }, 300_000);
  afterAll(async () => {
    await container?.stop();
  });

  const openBucket = async (objectLock: boolean): Promise<S3Bucket> => {
    const endpoint = `http://${container?.getHost()}:${container?.getMappedPort(port)}`;
    const settings = { endpoint, bucket: `test-${randomName(12)}`, prefix: "some/where", objectLock };
    const bucket = await openS3Bucket(s3SettingsSchema.parse(settings), key);
    const made = new CreateBucketCommand({ Bucket: settings.bucket, ObjectLockEnabledForBucket: objectLock });
    await bucket.client.send(made);
    return bucket;
  };

  objectStoreContract("MinIO", async () => new S3ObjectStore(await openBucket(false), systemRandom));
  objectStoreContract("MinIO with Object Lock", async () => new S3ObjectStore(await openBucket(true), systemRandom));

  test("MinIO is fit for a repository", async () => {
    for (const objectLock of [false, true]) {
      await using store = new S3ObjectStore(await openBucket(objectLock), systemRandom);
      const fitness = await probeStore(store, { clock: systemClock, random: systemRandom });
      expect(fitness.locks).toBe(objectLock ? true : undefined);
      requireFit(fitness);
    }
  });
};

// Without an engine one line stands for all of it.
test.skipIf(!hasContainerEngine)(
  "object stores on a real S3 server: the whole contract, with and without Object Lock",
  () => {
    expect(hasContainerEngine).toBe(true);
  },
);
for (const suite of hasContainerEngine ? [onRealServer] : []) {
  describe("MinIO in a container", () => {
    suite();
  });
}
