import * as z from "zod";
import { headroomPolicySchema } from "../capture/headroom-policy.ts";

const ms = (value: number) => z.coerce.number().int().nonnegative().default(value);

const tasks = (value: number) => z.coerce.number().int().min(0).max(10_000).default(value);

/** Chunks of a sample are picked and compared one by one, in memory: who wants more reads everything. */
export const mostSampleChunks = 10_000;

/** How patient sessions are and how much an attempt does at once; every time in milliseconds. */
export const workSettingsSchema = z.strictObject({
  /** Attempts of one task (A10). */
  maxAttempts: z.coerce.number().int().min(1).max(20).default(3),
  /** Pause before another attempt after a failure; a lost agent's task is offered at once. */
  retryDelayMs: ms(30_000),
  /** How long preflight waits for an engine, a repository or a VM to become fit. */
  preflightPatienceMs: ms(120_000),
  /** How long preflight waits for a VM that another backup, a restore or another operation of the engine holds. */
  busyPatienceMs: ms(1_800_000),
  headroom: headroomPolicySchema.prefault({}),
  /** How long a task waits while no agent at all is deployed and healthy. */
  noAgentPatienceMs: ms(600_000),
  /** How long a task waits for the busy agents of one level before it may go on to the next one; 0 for ever (policy 34). */
  waitLimitMs: ms(0),
  /** Most tasks at once; 0 for no limit. */
  limits: z
    .strictObject({
      /** Of VMs that run on one host. */
      perHost: tasks(2),
      /** Of VMs with a disk to be read from, or written to, one storage domain. */
      perDomain: tasks(4),
      perManager: tasks(10),
      perRepository: tasks(0),
    })
    .prefault({}),
  /** How long an attempt waits for an engine that went away under it. */
  enginePatienceMs: ms(300_000),
  /** Seconds without a finished request after which the engine ends a transfer; agents ask something four times as often. */
  transferInactivityS: z.coerce.number().int().min(1).max(3_600).default(120),
  /** How long a task's end waits for an engine that does not answer; then the janitor goes on. */
  cleanupPatienceMs: ms(900_000),
  /** How long after a look at a task the next one comes when nothing else asks for it. */
  sweepMs: ms(1_000),
  /** Unchanged chunks that an increment reads and compares, per disk; 1 to 10,000. */
  sampleChunks: z.coerce.number().int().min(1).max(mostSampleChunks).default(32),
  lanes: z.coerce.number().int().min(1).max(16).default(2),
  /** The newest good points of a VM that no retention removes (policy 6). */
  retentionFloor: z.coerce.number().int().min(1).default(3),
});

/** How patient sessions are and how much an attempt does at once. */
export type WorkSettings = z.output<typeof workSettingsSchema>;
