import { chunkSizes, defaultChunkSize } from "@holdfast/shared/format/chunk-size";
import { joinSettings } from "@holdfast/shared/identity/join-settings";
import { z } from "zod";

const GiB = 1024 ** 3;

/** The configuration of a repository server, from a file and from `HOLDFAST_REPOSITORY_…` variables. */
export const serverConfigSchema = z.strictObject({
  /** Folder of the repository. */
  directory: z.string().min(1),
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
  /** Hours in which a removed point can be brought back. */
  undeleteHours: z
    .number()
    .nonnegative()
    .max(3660 * 24)
    .default(72),
  /** The installation that it belongs to; a repository of another one is refused. */
  installationId: z.string().max(64).default(""),
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

/** A checked configuration. */
export type ServerConfig = z.output<typeof serverConfigSchema>;
