import { readSecretFile, Secret } from "@holdfast/shared/config/secret";
import type { Environment } from "@holdfast/shared/config/environment";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** A key of the storage. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | undefined;
}

/**
 * The key in a file of `aws_…=…` lines, as Amazon's tools keep it, or in the environment's `AWS_…` variables. CONFIG_INVALID when
 * there is none, or others may read the file.
 */
export const readS3Credentials = async (file: string, env: Environment): Promise<S3Credentials> => {
  const values = file === "" ? env : fromFile((await readSecretFile(file)).reveal());
  const accessKeyId = values["AWS_ACCESS_KEY_ID"];
  const secret = values["AWS_SECRET_ACCESS_KEY"];
  const token = values["AWS_SESSION_TOKEN"];
  if (accessKeyId && secret) {
    return { accessKeyId, secretAccessKey: new Secret(secret), sessionToken: token ? new Secret(token) : undefined };
  }
  const where = file || "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)";
  throw new HoldfastError("CONFIG_INVALID", `no access key and secret of the object storage in ${where}`);
};

/** Lines of `key = value`; sections and comments are left out, the first of a key counts. */
const fromFile = (text: string): Environment => {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) found[key.toUpperCase()] ??= value;
  }
  return found;
};
