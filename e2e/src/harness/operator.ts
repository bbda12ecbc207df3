import { readFile } from "node:fs/promises";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { JobService, type PlanJobResponse } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type Point, PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { RestoreService } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { type Session, SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import type { Installation } from "./installation.ts";
import { type Lab, engineUser } from "./lab.ts";
import { until } from "./until.ts";

/** What an operator does with an installation, through its API. */
export interface Operator {
  /** Connects a lab as a manager of the same name. */
  readonly addManager: (lab: Lab, password?: string) => Promise<void>;
  /** Makes the installation's repository known as `main`. */
  readonly addRepository: () => Promise<void>;
  /** Waits until these agents are healthy. */
  readonly waitForAgents: (...names: readonly string[]) => Promise<void>;
  /** A job without schedule into `main`. */
  readonly createJob: (name: string, vms: readonly string[], options?: JobOptions) => Promise<void>;
  /** Starts a session and answers its id. */
  readonly startJob: (name: string) => Promise<string>;
  /** Starts a session and waits for its end, whatever that is. */
  readonly runJob: (name: string, withinMs?: number) => Promise<Session>;
  /** The same for one that reads everything. */
  readonly runActiveFull: (name: string) => Promise<Session>;
  /** What the next run of a job will do. */
  readonly planJob: (name: string) => Promise<PlanJobResponse>;
  /** Waits for a session's end; survives the controller's. */
  readonly waitForEnd: (sessionId: string, withinMs?: number) => Promise<Session>;
  readonly session: (sessionId: string) => Promise<Session>;
  readonly points: (vm: string) => Promise<readonly Point[]>;
  readonly newestPoint: (vm: string) => Promise<Point>;
  readonly restoreVm: (pointId: string, name: string, target?: RestorePlace) => Promise<Session>;
  readonly restoreDisk: (pointId: string, disk: string, target?: RestorePlace) => Promise<Session>;
}

/** What a job says beside its VMs. */
export interface JobOptions {
  readonly codec?: string;
  readonly keepDays?: number;
  readonly excludedDisks?: readonly string[];
  /** `main` unless said. */
  readonly repository?: string;
  readonly verifyAfter?: boolean;
  readonly sampleChunks?: number;
  readonly capture?: "auto" | "backup-api" | "snapshot";
  readonly legacyCapture?: boolean;
  readonly consistency?: "none" | "preferred" | "required";
}

interface RestorePlace {
  readonly manager?: string;
  readonly cluster?: string;
}

const call = { timeoutMs: 60_000 };
const sessionWithinMs = 180_000;

/** An operator of this installation. */
export const createOperator = (installation: Installation): Operator => {
  const { api } = installation;
  const session = async (sessionId: string): Promise<Session> =>
    present((await api.service(SessionService).getSession({ sessionId }, call)).session);
  const waitForEnd: Operator["waitForEnd"] = (sessionId, withinMs = sessionWithinMs) =>
    until(
      `session ${sessionId} to end`,
      async () => {
        const now = await session(sessionId).catch((caught: unknown) => {
          if (hasCode(caught, "UNAVAILABLE", "TIMEOUT", "CANCELLED")) return undefined;
          throw caught;
        });
        return now !== undefined && now.endedMs !== 0n ? now : undefined;
      },
      withinMs,
    ).catch(async (caught: unknown) => {
      throw new Error(`session ${sessionId} did not end: ${await session(sessionId).then(describeSession, String)}`, {
        cause: caught,
      });
    });
  const startJob = async (job: string): Promise<string> =>
    (await api.service(JobService).runJob({ job, requestId: randomName(16) }, call)).sessionId;
  const points = async (vm: string): Promise<readonly Point[]> =>
    (await Array.fromAsync(api.service(PointService).listPoints({ vm }, call))).flatMap((batch) => batch.points);

  return {
    addManager: async (lab, password = engineUser.password) => {
      await api.service(ManagerService).addManager(
        {
          name: lab.addresses.name,
          url: lab.addresses.engine,
          username: engineUser.name,
          password,
          apiAnchorPem: await readFile(lab.addresses.apiCaFile, "utf8"),
          imageioAnchorPem: await readFile(lab.addresses.imageioCaFile, "utf8"),
        },
        call,
      );
    },
    addRepository: async () => {
      await api
        .service(RepositoryRegistryService)
        .addRepository({ name: "main", address: installation.repositoryAddress }, call);
    },
    waitForAgents: async (...names) => {
      await until(`agents ${names.join(", ")} to be healthy`, async () => {
        const { agents } = await api.service(AgentService).listAgents({}, call);
        return names.every((name) => agents.some((agent) => agent.name === name && agent.state === "healthy"));
      });
    },
    createJob: async (name, vms, options = {}) => {
      const definition = {
        name,
        vms: [...vms],
        repository: options.repository ?? "main",
        keepDays: options.keepDays ?? 14,
        codec: options.codec ?? "",
        verifyAfter: options.verifyAfter ?? false,
        sampleChunks: options.sampleChunks ?? 0,
        capture: options.capture ?? "",
        legacyCapture: options.legacyCapture ?? false,
        consistency: options.consistency ?? "",
        excludedDisks: [...(options.excludedDisks ?? [])],
      };
      await Array.fromAsync(api.service(InventoryService).listVms({ refresh: true }, call));
      await api.service(JobService).createJob({ definition }, call);
    },
    startJob,
    runJob: async (job, withinMs) => await waitForEnd(await startJob(job), withinMs),
    runActiveFull: async (job) => {
      const request = { job, requestId: randomName(16), activeFull: true };
      return await waitForEnd((await api.service(JobService).runJob(request, call)).sessionId);
    },
    planJob: (job) => api.service(JobService).planJob({ job }, call),
    waitForEnd,
    session,
    points,
    newestPoint: async (vm) => present((await points(vm)).at(-1)),
    restoreVm: async (pointId, name, target = {}) =>
      await waitForEnd(
        (await api.service(RestoreService).restoreVm({ pointId, name, target, requestId: randomName(16) }, call))
          .sessionId,
      ),
    restoreDisk: async (pointId, disk, target = {}) =>
      await waitForEnd(
        (await api.service(RestoreService).restoreDisk({ pointId, disk, target, requestId: randomName(16) }, call))
          .sessionId,
      ),
  };
};

/** The value, which must be there. */
export const present = <Value>(value: Value | undefined | null): Value => {
  if (value === undefined || value === null) throw new Error("expected a value");
  return value;
};

/** A result by name, for messages. */
const resultName = (result: Result): string =>
  Object.entries(Result).find(([, value]) => value === result)?.[0] ?? String(result);

/** A session in one line per task, for messages of failed stories. */
export const describeSession = (session: Session): string =>
  [
    `${session.sessionId} ${session.state} ${resultName(session.result)}`,
    ...session.remarks.map((remark) => `  ${remark.level} ${remark.code}: ${remark.message}`),
    ...session.tasks.flatMap((task) => [
      `  ${task.vmName} ${task.state} ${resultName(task.result)} ${task.doing} [${task.placement}]`,
      ...task.attempts.map(
        (attempt) =>
          `    attempt ${attempt.number} on ${attempt.agentName} ${attempt.state} ${attempt.code} ${attempt.message}`,
      ),
      ...task.remarks.map((remark) => `    ${remark.level} ${remark.code}: ${remark.message}`),
      ...task.disks.map((disk) => `    disk ${disk.alias} ${disk.mode} (${disk.reason}) ${disk.route}`),
    ]),
  ].join("\n");

/** A moment to let something happen that tells nobody: only for proofs that nothing happens. */
export const quietMoment = (ms: number): Promise<void> => systemClock.sleep(ms);
