import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { S3Settings } from "../s3-settings.ts";
import { type S3ServerOptions, type S3TestServer, startS3Server } from "./s3-server.ts";
import { makeTestBucket } from "./test-bucket.ts";

/** A bucket as programs are told of it. */
export interface BucketLocation extends AsyncDisposable {
  readonly server: S3TestServer;
  readonly location: string;
  readonly settings: S3Settings;
}

/** Makes a bucket of a new server; its key is in a file in `folder`. */
export const openBucketLocation = async (folder: string, options: S3ServerOptions = {}): Promise<BucketLocation> => {
  const server = await startS3Server(options);
  const credentialsFile = join(folder, "s3-key");
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = server.credentials;
  await writeFile(credentialsFile, `aws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`, { mode: 0o600 });
  const settings = await makeTestBucket(server, { credentialsFile });
  const parameters = new URLSearchParams({ endpoint: server.endpoint, credentialsFile });
  return {
    server,
    settings,
    location: `s3://${settings.bucket}/${settings.prefix}?${parameters.toString()}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};
