import { busSecurity } from "@holdfast/shared/bus/credentials";
import { rpcSecurity } from "@holdfast/shared/rpc/credentials";
import { z } from "zod";

const MiB = 1024 * 1024;

/** An empty text, which is what an empty variable gives, names no host. */
const hosts = z.array(z.string().trim()).transform((names) => names.filter((name) => name !== ""));

/** What an agent is told at start, by file and by `HOLDFAST_AGENT_…` variables. */
export const agentConfigSchema = z.strictObject({
  name: z.string().min(1).max(64),
  /** Holds the agent's id; nothing else is kept over a restart. */
  dataDir: z.string().min(1),
  /** Where it is deployed, by the names that operators use. */
  manager: z.string().min(1),
  cluster: z.string().min(1),
  /** The host that it runs on, as the engine names it; none unless it runs on one. */
  host: z.string().default(""),
  /** Hosts whose imageio port it reaches, by name or address; `*` for all. */
  reachableHosts: hosts.default(["*"]),
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
      servers: z.array(z.string().min(1)).min(1).default(["nats://127.0.0.1:4222"]),
      security: busSecurity.prefault({}),
    })
    .prefault({}),
  rpc: z.strictObject({ security: rpcSecurity.prefault({}) }).prefault({}),
  diskService: z
    .strictObject({
      /** Where it serves disks to other agents; empty for nowhere. */
      listen: z.string().default("127.0.0.1:0"),
      /** What others dial, when that is not the address it listens on. */
      address: z.string().default(""),
    })
    .prefault({}),
  /** Milliseconds that running tasks are given to finish at a stop before they are ended. */
  drainMs: z.number().int().min(0).default(0),
});

/** The configuration of an agent. */
export type AgentConfig = z.output<typeof agentConfigSchema>;
