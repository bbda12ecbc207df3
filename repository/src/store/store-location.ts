import { isS3Location, parseS3Location, toS3Text } from "./s3/s3-location.ts";
import type { S3Settings } from "./s3/s3-settings.ts";

/** Where a repository lies, as it is told: a folder, `s3://bucket/prefix?endpoint=…`, or a bucket's settings. */
export type StoreLocation = string | S3Settings;

/** The same, told apart. */
export type StorePlace =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "bucket"; readonly settings: S3Settings };

/** Reads a location. INVALID_ARGUMENT. */
export const parseLocation = (location: StoreLocation): StorePlace => {
  if (typeof location !== "string") return { kind: "bucket", settings: location };
  if (isS3Location(location)) return { kind: "bucket", settings: parseS3Location(location) };
  return { kind: "folder", path: location };
};

/** A location for people and logs. */
export const toLocationText = (location: StoreLocation): string => {
  const place = parseLocation(location);
  return place.kind === "folder" ? place.path : toS3Text(place.settings);
};
