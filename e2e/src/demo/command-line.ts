import { z } from "zod";
import type { Standalone } from "../harness/standalone.ts";

/** protobuf's JSON writes 64-bit numbers as text. */
const bigNumber = z.coerce.number();

const bytesSchema = z.object({
  plannedBytes: bigNumber,
  zeroBytes: bigNumber,
  unchangedBytes: bigNumber,
  deduplicatedBytes: bigNumber,
  storedBytes: bigNumber,
  readBytes: bigNumber,
  packedBytes: bigNumber,
  writtenBytes: bigNumber,
});

const remarkSchema = z.object({ level: z.string(), code: z.string(), message: z.string() });

const taskSchema = z.object({
  vmName: z.string(),
  agentName: z.string(),
  placement: z.string(),
  capture: z.string(),
  pointId: z.string(),
  restoredVmId: z.string(),
  remarks: z.array(remarkSchema),
  disks: z.array(z.object({ alias: z.string(), mode: z.string(), reason: z.string(), route: z.string() })),
});

const sessionSchema = z.object({
  sessionId: z.string(),
  kind: z.string(),
  result: z.string(),
  startedMs: bigNumber,
  endedMs: bigNumber,
  bytes: bytesSchema,
  remarks: z.array(remarkSchema),
  tasks: z.array(taskSchema),
});

/** What the demo reads of a session. */
export type DemoSession = z.output<typeof sessionSchema>;
/** What the demo reads of one VM of a session. */
export type DemoTask = z.output<typeof taskSchema>;

/** `holdfast` as an operator has it: a process for every command. */
export interface CommandLine {
  /** Runs a command that prints no session. */
  readonly run: (...args: readonly string[]) => Promise<void>;
  /** Runs a command with `--wait` and gives the session; fails unless it is a success. */
  readonly session: (...args: readonly string[]) => Promise<{ readonly session: DemoSession; readonly task: DemoTask }>;
}

/** The command line of an installation, read by its JSON. */
export const createCommandLine = (holdfast: Standalone["holdfast"]): CommandLine => {
  const run = async (args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await holdfast(...args, "-o", "json");
    if (code === 0) return stdout === "" ? undefined : (JSON.parse(stdout) as unknown);
    throw new Error(`holdfast ${args.join(" ")} ended with code ${code}:\n${stderr}\n${stdout}`);
  };
  return {
    run: async (...args) => {
      await run(args);
    },
    session: async (...args) => {
      const { session } = z.object({ session: sessionSchema }).parse(await run([...args, "--wait"]));
      const [task] = session.tasks;
      if (task === undefined || session.result !== "RESULT_SUCCESS")
        throw new Error(`holdfast ${args.join(" ")}: ${session.result} ${JSON.stringify(session.remarks)}`);
      return { session, task };
    },
  };
};
