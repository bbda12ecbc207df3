import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";
import { type S3Settings, s3SettingsSchema } from "./s3-settings.ts";

const scheme = "s3://";

/** True for a location that names a bucket instead of a folder. */
export const isS3Location = (location: string): boolean => location.startsWith(scheme);

/** Keys of settings that are numbers or yes and no; all others are text. */
const typed: Readonly<Record<string, (text: string) => unknown>> = {
  objectLock: (text) => (text === "true" ? true : text === "false" ? false : text),
  soleWriter: (text) => (text === "true" ? true : text === "false" ? false : text),
  partBytes: Number,
  bytesPerSecond: Number,
  callsAtOnce: Number,
  timeoutSeconds: Number,
};

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…`; the parameters are the settings' names. INVALID_ARGUMENT names what is
 * wrong; a key or password in it is refused, since it would stand in every process list.
 */
export const parseS3Location = (location: string): S3Settings => {
  const url = URL.parse(location);
  if (url === null || !isS3Location(location)) throw refused("it is no address");
  if (url.username !== "" || url.password !== "") throw refused("credentials belong into a file or the environment");
  const parameters: Record<string, unknown> = { bucket: url.hostname, prefix: url.pathname.replace(/^\/|\/$/g, "") };
  for (const [key, text] of url.searchParams) {
    if (Object.hasOwn(parameters, key)) throw refused(`${key} is said twice`);
    parameters[key] = typed[key]?.(text) ?? text;
  }
  const parsed = s3SettingsSchema.safeParse(parameters);
  if (parsed.success) return parsed.data;
  throw refused(z.prettifyError(parsed.error));
};

const refused = (why: string): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `the location of a bucket is not understood: ${why}`);

/** Bucket and prefix for people and logs. */
export const toS3Text = ({ bucket, prefix }: Pick<S3Settings, "bucket" | "prefix">): string =>
  `${scheme}${bucket}${prefix === "" ? "" : `/${prefix}`}`;
