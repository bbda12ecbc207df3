import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import type { Environment } from "@holdfast/shared/config/environment";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { parseLocation, type StoreLocation } from "./store-location.ts";
import { meteredStore, type StoreMetrics } from "./wrappers/metered-store.ts";
import { retryingStore } from "./wrappers/retrying-store.ts";
import type { StoreVerb } from "./wrappers/store-call.ts";
import { throttledStore } from "./wrappers/throttled-store.ts";

/** What opening a store may be given; the machine's own unless told. */
export interface OpenStoreOptions {
  readonly clock?: Clock | undefined;
  readonly random?: RandomBytes | undefined;
  /** Where credentials of a bucket are when no file is named. */
  readonly env?: Environment | undefined;
  /** Counts every call, each try of a repeated one apart. */
  readonly metrics?: StoreMetrics | undefined;
}

/** The objects at a location; nothing is looked at yet. CONFIG_INVALID when a bucket's credentials or certificates cannot be read. */
export const openObjectStore = async (
  location: StoreLocation,
  { clock = systemClock, random = systemRandom, env = process.env, metrics }: OpenStoreOptions = {},
): Promise<ObjectStore> => {
  const metered = (store: ObjectStore): ObjectStore => (metrics ? meteredStore(store, metrics, clock) : store);
  const place = parseLocation(location);
  if (place.kind === "folder") return metered(new DirectoryObjectStore(place.path, { random }));
  const { openS3Store } = await import("./s3/open-s3-store.ts");
  const bucket = await openS3Store(place.settings, env, random);
  const onRetry = (verb: StoreVerb): void => metrics?.addRetry(verb);
  return retryingStore(metered(throttledStore(bucket, place.settings, clock)), { clock, random, onRetry });
};
