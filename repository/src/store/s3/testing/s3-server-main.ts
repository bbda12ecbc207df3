import { announceReady } from "@holdfast/shared/process/ready";
import { makeTestBucket } from "./test-bucket.ts";
import { startS3Server } from "./s3-server.ts";

// The test server as a program of its own, with one bucket; it ends with whoever started it.
const server = await startS3Server();
const { bucket } = await makeTestBucket(server);
const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = server.credentials;
announceReady({ endpoint: server.endpoint, bucket, id, secret });
