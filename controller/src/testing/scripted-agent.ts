import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Attempt,
  type AttemptFailureSchema,
  ClaimRequestSchema,
  ClaimResponseSchema,
  HeartbeatRequestSchema,
  HeartbeatResponseSchema,
  HelloRequestSchema,
  HelloResponseSchema,
  OpenDiskRequestSchema,
  OpenDiskResponseSchema,
  OrdersRequestSchema,
  OrdersResponseSchema,
  ReportRequestSchema,
  ReportResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { agentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { productVersion } from "@holdfast/shared/version/product-version";
import { expect, vi } from "vitest";
import { findTask } from "../database/tasks-table.ts";
import type { Member } from "../identity/member.ts";
import type { TestBench } from "./open-test-bench.ts";

const limits = { timeoutMs: 5_000 };

/** Looks until it no longer throws, for at most eight seconds. */
export const until = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 8_000, interval: 15 });

/** A member of the installation, as an agent is one. */
export const memberOf = (id: string, facts: Partial<Member> = {}): Member => ({
  role: "agent",
  id,
  name: id,
  keyId: `key-${id}`,
  busPublicKey: "",
  managerName: "",
  clusterName: "",
  workerId: "",
  joinedMs: 1,
  issuedMs: 1,
  expiresMs: 2,
  revokedMs: null,
  ...facts,
});

/** An agent of a bench that does nothing but ask; its first hello makes it a member. */
export const scriptedAgent = (bench: TestBench, agentId: string, cluster: string, incarnation = "life1") => ({
  hello: async (facts: MessageInitShape<typeof HelloRequestSchema> = {}) => {
    await bench.deps.identity.members.change("agent", agentId, (now = memberOf(agentId)) => now);
    return await busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "hello"), request: HelloRequestSchema, response: HelloResponseSchema },
      {
        v: 1,
        agentId,
        name: agentId,
        version: productVersion,
        incarnation,
        managerName: "one",
        clusterName: cluster,
        slots: 2,
        reachableHosts: ["*"],
        ...facts,
      },
      limits,
    );
  },
  claim: () =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "claim"), request: ClaimRequestSchema, response: ClaimResponseSchema },
      { v: 1, agentId, incarnation, freeSlots: 2 },
      limits,
    ),
  orders: (attemptId: string) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "orders"), request: OrdersRequestSchema, response: OrdersResponseSchema },
      { v: 1, agentId, attemptId },
      limits,
    ),
  beat: (attempt: { taskId: string; number: number; attemptId: string }) =>
    busRequest(
      bench.agentBus,
      {
        subject: agentSubject(agentId, "heartbeat"),
        request: HeartbeatRequestSchema,
        response: HeartbeatResponseSchema,
      },
      {
        v: 1,
        agentId,
        incarnation,
        attempts: [{ attemptId: attempt.attemptId, taskId: attempt.taskId, number: attempt.number, phase: "reading" }],
      },
      limits,
    ),
  openDisk: (attemptId: string, loanId = "") =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "open-disk"), request: OpenDiskRequestSchema, response: OpenDiskResponseSchema },
      { v: 1, agentId, attemptId, diskId: "d", loanId },
      limits,
    ),
  succeed: (attemptId: string) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "report"), request: ReportRequestSchema, response: ReportResponseSchema },
      { v: 1, agentId, attemptId, outcome: { case: "succeeded", value: "point" } },
      limits,
    ),
  fail: (attemptId: string, retryable: boolean, said: MessageInitShape<typeof AttemptFailureSchema> = {}) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "report"), request: ReportRequestSchema, response: ReportResponseSchema },
      {
        v: 1,
        agentId,
        attemptId,
        outcome: { case: "failed", value: { code: "DISK_READ_FAILED", message: "broken", retryable, ...said } },
      },
      limits,
    ),
});

/** What `scriptedAgent` makes. */
export type ScriptedAgent = ReturnType<typeof scriptedAgent>;

/** Claims until something is allotted. */
export const claimed = (agent: ScriptedAgent): Promise<Attempt> =>
  until(async () => {
    const { attempt } = await agent.claim();
    if (attempt === undefined) throw new Error("nothing to claim yet");
    return attempt;
  });

/** Asks until an attempt has the orders of a backup. */
export const ready = (agent: ScriptedAgent, attemptId: string): Promise<void> =>
  until(async () => {
    expect((await agent.orders(attemptId)).orders.case).toBe("backup");
  });

/** The state of a task; undefined for none. */
export const stateOf = async (bench: TestBench, taskId: string): Promise<string | undefined> =>
  (await findTask(bench.deps.database.queries, taskId))?.state;

/** Waits for a task's state. */
export const reaches = (bench: TestBench, taskId: string, state: string): Promise<void> =>
  until(async () => {
    expect(await stateOf(bench, taskId)).toBe(state);
  });
