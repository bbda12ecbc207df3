import { defaultCapturePolicy } from "../capture/capture-policy.ts";
import type { AgentId, AttemptId, SessionId, TaskId } from "@holdfast/shared/ids/ids";
import { productVersion } from "@holdfast/shared/version/product-version";
import type { AgentRecord } from "../agents/agent-record.ts";
import type { ManagerRecord } from "../inventory/manager.ts";
import type { Job } from "../jobs/job.ts";
import type { Attempt } from "../sessions/attempt.ts";
import type { Session } from "../sessions/session.ts";
import type { Task } from "../sessions/task.ts";

/** A manager for tests. */
export const testManager = (facts: Partial<ManagerRecord> = {}): ManagerRecord => ({
  managerId: "m1",
  name: "one",
  url: "https://engine",
  username: "admin@internal",
  passwordSealed: "sealed",
  apiAnchorPem: "pem",
  imageioAnchorPem: "pem",
  engineInstanceId: "e1",
  engineVersion: "4.5.6",
  refusedReason: null,
  era: 0,
  createdMs: 1,
  ...facts,
});

/** An agent for tests. */
export const testAgent = (facts: Partial<AgentRecord> = {}): AgentRecord => ({
  agentId: "ag1" as AgentId,
  name: "agent",
  version: productVersion,
  incarnation: "life1",
  managerName: "one",
  clusterName: "alpha",
  hostName: "",
  slots: 2,
  diskServiceAddress: "",
  reachableHosts: ["*"],
  startedMs: 1,
  isDraining: false,
  refusal: "",
  seenMs: 2,
  ...facts,
});

/** A job of two VMs for tests. */
export const testJob = (facts: Partial<Job> = {}): Job => ({
  jobId: "j1",
  name: "nightly",
  description: "",
  enabled: true,
  vms: [
    { managerId: "m1", vmId: "v2", vmName: "two" },
    { managerId: "m1", vmId: "v1", vmName: "one" },
  ],
  excludedDisks: [{ vmId: "v1", diskId: "d9" }],
  repositoryId: "r1",
  dailyAt: "22:00",
  timeZone: "UTC",
  keepDays: 7,
  codec: "zstd",
  verifyAfter: false,
  activeFullOn: "",
  auditDays: 0,
  auditBytesPerNight: 2 ** 40,
  sampleChunks: 0,
  capture: defaultCapturePolicy,
  handledMs: 0,
  createdMs: 1,
  ...facts,
});

/** A running session for tests. */
export const testSession = (facts: Partial<Session> = {}): Session => ({
  sessionId: "s1" as SessionId,
  kind: "backup",
  jobId: "j1",
  jobName: "nightly",
  trigger: "operator",
  state: "running",
  wish: "run",
  result: null,
  timeZone: "UTC",
  calendarDay: "2026-01-01",
  remarks: [],
  createdMs: 1,
  startedMs: 1,
  endedMs: null,
  ...facts,
});

/** A pending backup of VM `v1` for tests. */
export const testTask = (facts: Partial<Task> = {}): Task => ({
  taskId: "t1" as TaskId,
  sessionId: "s1" as SessionId,
  position: 0,
  managerId: "m1",
  engineInstanceId: "e1",
  clusterId: "c1",
  vmId: "v1",
  vmName: "one",
  repositoryId: "r1",
  state: "pending",
  doing: "",
  scope: { v: 1, kind: "backup", excludedDiskIds: [], codec: "zstd", capture: defaultCapturePolicy },
  plan: null,
  placement: "",
  queuedMs: 1,
  notBeforeMs: 0,
  result: null,
  pointId: "",
  restoredVmId: "",
  restoredVmName: "",
  remarks: [],
  totals: [],
  startedMs: null,
  endedMs: null,
  ...facts,
});

/** An open first attempt of that task for tests. */
export const testAttempt = (facts: Partial<Attempt> = {}): Attempt => ({
  taskId: "t1" as TaskId,
  number: 1,
  attemptId: "a1" as AttemptId,
  agentId: "ag1" as AgentId,
  agentName: "agent",
  incarnation: "life1",
  state: "open",
  prepared: null,
  ending: null,
  fence: "unasked",
  cleaned: false,
  startedMs: 1,
  endedMs: null,
  ...facts,
});
