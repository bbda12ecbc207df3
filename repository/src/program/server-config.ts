import { chunkSizes, defaultChunkSize } from "@holdfast/shared/format/chunk-size";
import { joinSettings } from "@holdfast/shared/identity/join-settings";
import { z } from "zod";
import { parseLocation, type StoreLocation } from "../store/store-location.ts";
import { s3SectionSchema } from "../store/s3/s3-settings.ts";

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
/** Ten years. */
const longestDays = 3660;

const settingsSchema = z.strictObject({
  /** Folder of the repository, or `s3://bucket/prefix?endpoint=…`; empty when `store` says where it lies. */
  directory: z.string().default(""),
  /** Storage that is no folder. */
  store: z.strictObject({ s3: s3SectionSchema.prefault({}) }).prefault({}),
  /** File of the index, outside the repository; it is a cache and may be deleted while the server is down. */
  indexPath: z.string().min(1),
  /** Where calls are taken: `127.0.0.1:0`, `unix:/path`. */
  listen: z.string().default("127.0.0.1:0"),
  ...joinSettings,
  /** Folder of the server's identity, never inside the repository; beside the index unless told. */
  identityDir: z.string().default(""),
  /** What it calls itself when it joins, where its invitation leaves that open; the machine's name unless told. */
  name: z.string().max(64).default(""),
  /** Uploads are refused when a file system involved has fewer free bytes. */
  lowWaterBytes: z
    .int()
    .nonnegative()
    .default(4 * GiB),
  /** Bytes of a file that is given up when what frees room finds none; 0 for no such file. */
  reserveBytes: z
    .int()
    .nonnegative()
    .default(64 * MiB),
  /** Hours in which a removed point can be brought back. */
  undeleteHours: z
    .number()
    .nonnegative()
    .max(longestDays * 24)
    .default(72),
  /** Good points of a VM that no retention removes. */
  floor: z.int().min(1).max(1000).default(3),
  /** Days in which nobody can remove a point that is committed from now on; 0 for no such time. */
  immutabilityDays: z.number().nonnegative().max(longestDays).default(0),
  /** The installation that it belongs to; a repository of another one is refused. */
  installationId: z.string().max(64).default(""),
  /** The installation that it belonged to before: it is taken over by the one that it joins. */
  adoptFrom: z.string().max(64).default(""),
  /** Make a repository when the folder is empty or absent. */
  create: z.boolean().default(false),
  /** Chunk size of a repository that is made; fixed from then on. */
  chunkSize: z
    .int()
    .default(defaultChunkSize)
    .refine((size) => chunkSizes.some((known) => known === size), `one of ${chunkSizes.join(", ")}`),
  /** Threads that check records as they come in. */
  ingestThreads: z.int().min(1).max(64).default(2),
  /** Bytes at which a pack is sealed. */
  packTargetBytes: z
    .int()
    .positive()
    .default(48 * 1024 * 1024),
  /** Days within which the server reads all packs back by itself, in the background; 0 for never. */
  verifyWithinDays: z.int().min(0).max(365).default(25),
  /** Minutes without a call after which an upload or a reading ends. */
  silenceMinutes: z.number().positive().default(15),
});

/** The part that says where the repository lies: judged whatever else is wrong, so that every problem is told at once. */
const placeSchema = settingsSchema.pick({ directory: true, store: true });

/** The configuration of a repository server, from a file and from `HOLDFAST_REPOSITORY_…` variables. */
export const serverConfigSchema = settingsSchema.refine(
  ({ directory, store }) => (directory === "") !== (store.s3.bucket === ""),
  {
    error: "either the directory or the bucket of store.s3 says where the repository lies",
    path: ["directory"],
    when: ({ value }) => placeSchema.loose().safeParse(value).success,
  },
);

/** A checked configuration. */
export type ServerConfig = z.output<typeof serverConfigSchema>;

/** Where the repository of a configuration lies. */
export const locationOf = ({ directory, store }: Pick<ServerConfig, "directory" | "store">): StoreLocation =>
  store.s3.bucket === "" ? directory : store.s3;

/** Its folder; undefined when it lies in a bucket. */
export const folderOf = (config: Pick<ServerConfig, "directory" | "store">): string | undefined => {
  const place = parseLocation(locationOf(config));
  return place.kind === "folder" ? place.path : undefined;
};
