import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session, Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { expect } from "vitest";
import { type LabConfig, twoClusters } from "./lab.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import { describeSession, present } from "./operator.ts";
import { type Story, openStory } from "./story.ts";
import { type WorkerOperator, createWorkerOperator } from "./worker-operator.ts";

const MiB = 1024 * 1024;

/** Two managers of two clusters each, without any agent: whatever works is a worker. */
export interface WorkerStory extends Story {
  readonly workers: WorkerOperator;
  /** Makes the job of these VMs when there is none yet. */
  readonly prepareBackup: (job: string, vms: readonly string[]) => Promise<void>;
  /** Starts the job, which is made when there is none yet, and answers the session's id. */
  readonly startBackup: (job: string, vms: readonly string[]) => Promise<string>;
  /** Waits for a session, which must end in one of these ways; by success unless said. */
  readonly endOf: (sessionId: string, ...results: readonly Result[]) => Promise<Session>;
  /** Starts the job and waits for its end. */
  readonly backUp: (job: string, vms: readonly string[], ...results: readonly Result[]) => Promise<Session>;
  /** Nothing of ours is on the engines but worker VMs and the checkpoints of the newest points. */
  readonly expectNothingLeft: () => Promise<void>;
}

/** Networks of the labs: `backbone` is 192.0.2.0/24, `island` reaches nobody. Template `hollow` boots nothing. */
const labOf = (name: string, vms: LabConfig["vms"]): LabConfig => {
  const config = twoClusters(name);
  return {
    ...config,
    networks: [
      { name: "backbone", subnet: "192.0.2.0/24" },
      { name: "island", isolated: true },
    ],
    guest: { env: { HOLDFAST_AGENT_LANES: "1" }, restartMs: 200 },
    templates: [
      ...(config.templates as NonNullable<LabConfig["templates"]>),
      { name: "hollow", guest: "none", nics: [{ name: "nic1" }], disks: [{ alias: "hollow_root", size: "1MiB" }] },
    ],
    vms,
  };
};

/** Workers are looked after several times a second; an agent may be slow, for there are many on one machine. */
const patience = {
  HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_TIMEOUT_MS: "15000",
  HOLDFAST_CONTROLLER_AGENTS_SILENT_AFTER_MS: "15000",
  HOLDFAST_CONTROLLER_WORKERS_SWEEP_MS: "200",
  HOLDFAST_CONTROLLER_WORKERS_LOOK_MS: "200",
  HOLDFAST_CONTROLLER_WORKERS_START_PATIENCE_MS: "1500",
  HOLDFAST_CONTROLLER_WORKERS_ASK_AGAIN_MS: "2000",
};

/** A VM with one small disk that is up. */
const smallVm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 8 * MiB, fill: { seed: name, bytes: 3 * MiB } }],
});

/** Names of the VMs of each manager by cluster. */
export interface WorkerStoryVms {
  readonly alpha: Readonly<Record<string, readonly string[]>>;
  readonly beta: Readonly<Record<string, readonly string[]>>;
}

/** Opens managers `alpha` and `beta`, each with clusters `east` and `west`, and these VMs. */
export const openWorkerStory = async (
  vms: WorkerStoryVms,
  controllerEnv: Readonly<Record<string, string>> = {},
): Promise<WorkerStory> => {
  const labs = (["alpha", "beta"] as const).map((name) =>
    labOf(
      name,
      Object.entries(vms[name]).flatMap(([cluster, names]) => names.map((vm) => smallVm(vm, cluster))),
    ),
  );
  const story = await openStory({ labs, agents: [], controllerEnv: () => ({ ...patience, ...controllerEnv }) });
  const { operator } = story;
  const jobs = new Set<string>();
  const prepareBackup: WorkerStory["prepareBackup"] = async (job, names) => {
    if (!jobs.has(job)) await operator.createJob(job, names);
    jobs.add(job);
  };
  const startBackup: WorkerStory["startBackup"] = async (job, names) => {
    await prepareBackup(job, names);
    return operator.startJob(job);
  };
  const endOf: WorkerStory["endOf"] = async (sessionId, ...results) => {
    const session = await operator.waitForEnd(sessionId);
    expect(results.length === 0 ? [Result.SUCCESS] : results, describeSession(session)).toContain(session.result);
    return session;
  };
  return {
    ...story,
    workers: createWorkerOperator(story.installation, operator),
    prepareBackup,
    startBackup,
    endOf,
    backUp: async (job, names, ...results) => endOf(await startBackup(job, names), ...results),
    expectNothingLeft: async () => {
      for (const lab of [story.lab("alpha"), story.lab("beta")]) {
        const { checkpoints } = await lab.control.leftovers();
        const kept = new Set(checkpoints.map(({ vmId }) => vmId));
        expect(checkpoints).toHaveLength(kept.size);
        await expectNothingLeft(lab, { checkpoints: checkpoints.map(({ id }) => id) });
      }
    },
  };
};

/** The one task of a session. */
export const onlyTask = (session: Session): Task => present(session.tasks[0]);
