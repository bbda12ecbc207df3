import { readFile } from "node:fs/promises";
import { S3Client } from "@aws-sdk/client-s3";
import type { Environment } from "@holdfast/shared/config/environment";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { requireObjectName } from "../object-name.ts";
import { readS3Credentials } from "./s3-credentials.ts";
import type { S3Settings } from "./s3-settings.ts";
import { leaveBodiesUnsigned } from "./unsigned-bodies.ts";

/** A connection to a bucket, and how names become keys in it. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly settings: S3Settings;
  /** The key of an object; INVALID_ARGUMENT when it is no object's name. */
  readonly keyOf: (name: string) => string;
  /** The name of a key; undefined when it lies outside the prefix. */
  readonly nameOf: (key: string) => string | undefined;
}

/** Idle connections are kept; a request waits for one when this many are busy. */
const connections = 64;
const connectTimeoutMs = 10_000;

/** Reads credentials and certificates and makes the client; nothing is sent yet. CONFIG_INVALID. */
export const openS3Bucket = async (settings: S3Settings, env: Environment): Promise<S3Bucket> => {
  const { endpoint, region, credentialsFile, caFile, timeoutSeconds } = settings;
  const { accessKeyId, secretAccessKey, sessionToken } = await readS3Credentials(credentialsFile, env);
  const ca = caFile === "" ? undefined : await readCertificates(caFile);
  const agent = { keepAlive: true, maxSockets: connections };
  const client = new S3Client({
    region,
    ...(endpoint !== "" && { endpoint }),
    forcePathStyle: true,
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken && { sessionToken: sessionToken.reveal() }),
    },
    // One try a request: repeating is the wrapper's, which knows what may be repeated.
    maxAttempts: 1,
    // No CRC trailers, which several storages refuse; bodies carry Content-MD5, which all of them check.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: timeoutSeconds * 1000,
      // Of the bytes of an answer, too.
      socketTimeout: timeoutSeconds * 1000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: ca === undefined ? agent : { ...agent, ca },
    },
  });
  if (!endpoint.startsWith("http:")) leaveBodiesUnsigned(client);
  return { client, settings, ...namesBelow(settings.prefix) };
};

const namesBelow = (prefix: string): Pick<S3Bucket, "keyOf" | "nameOf"> => {
  const start = prefix === "" ? "" : `${prefix}/`;
  return {
    keyOf: (name) => start + requireObjectName(name),
    nameOf: (key) => (key.startsWith(start) ? key.slice(start.length) : undefined),
  };
};

const readCertificates = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the certificates of the object storage cannot be read: ${path}`, {
      cause,
    });
  }
};
