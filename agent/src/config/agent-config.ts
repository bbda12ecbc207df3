import { joinSettings } from "@holdfast/shared/identity/join-settings";
import { z } from "zod";
import { routes } from "../disks/disk-reader.ts";

const MiB = 1024 * 1024;

/** An empty text, which is what an empty variable gives, names no host. */
const hosts = z.array(z.string().trim()).transform((names) => names.filter((name) => name !== ""));

/** What an agent is told at start, by file and by `HOLDFAST_AGENT_…` variables. */
export const agentConfigSchema = z.strictObject({
  name: z.string().min(1).max(64),
  /** Holds the agent's identity; nothing else is kept over a restart. */
  dataDir: z.string().min(1),
  /** Folder of the identity; `identity` in the data folder unless told. */
  identityDir: z.string().default(""),
  ...joinSettings,
  /** Where it is deployed, by the names that operators use; what its join token says wins. */
  manager: z.string().default(""),
  cluster: z.string().default(""),
  /** The host that it runs on, as the engine names it; none unless it runs on one. */
  host: z.string().default(""),
  /** Hosts whose imageio port it reaches, by name or address; `*` for all. */
  reachableHosts: hosts.default(["*"]),
  /** Ways to the bytes of disks that it may take; the best one that answers is taken. */
  routes: z
    .array(z.enum(routes))
    .min(1)
    .default([...routes]),
  /** Tasks that it takes at once. */
  slots: z.number().int().min(1).max(64).default(2),
  /** Threads that read, hash and compress, per task. */
  lanes: z.number().int().min(1).max(32).default(2),
  /** Bytes that the buffers of all lanes may take together (R7). */
  memoryBudgetBytes: z.coerce
    .number()
    .int()
    .min(32 * MiB)
    .default(256 * MiB),
  bus: z
    .strictObject({
      /** Servers of the bus; those that it was told when it joined unless told. */
      servers: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  diskService: z
    .strictObject({
      /** Where it serves disks to other agents; empty for nowhere. */
      listen: z.string().default("127.0.0.1:0"),
      /** What others dial, when that is not the address it listens on. */
      address: z.string().default(""),
    })
    .prefault({}),
  /** Milliseconds that running tasks are given to finish at a stop before they are ended; a second signal ends them at once. */
  drainMs: z.number().int().min(0).default(600_000),
});

/** The configuration of an agent. */
export type AgentConfig = z.output<typeof agentConfigSchema>;
