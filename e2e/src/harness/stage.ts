import { join } from "node:path";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import type { LabVm } from "../simulator/control/control-client.ts";
import { type Installation, type InstallationSpec, openInstallation } from "./installation.ts";
import { type Lab, openLab, twoClusters } from "./lab.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import { type JobOptions, type Operator, createOperator } from "./operator.ts";
import { openPointReader, type RepositoryDoor } from "./point-reader.ts";
import { type References, expectPointsIntact, keepReferences, neededCheckpoints } from "./references.ts";
import { type Relay, openRelay } from "./relay.ts";
import { type SecondRepositorySpec, openSecondRepository } from "./second-repository.ts";
import { type TestRun, openTestRun } from "./test-run.ts";
import { until } from "./until.ts";

const MiB = 1024 * 1024;

/** A VM of the lab that a story backs up, by a job of the same name. */
export interface StagedVm {
  readonly name: string;
  readonly id: string;
  readonly disks: LabVm["disks"];
  /** What its disks were whenever a capture of it was ready. */
  readonly references: References;
}

/** How a VM is made. */
export interface StagedVmOptions {
  readonly cluster?: "east" | "west";
  readonly status?: "up" | "down";
  readonly sizeMiB?: number;
  readonly filledMiB?: number;
  /** A second disk of this size, all of it data. */
  readonly secondMiB?: number;
  readonly repository?: string;
  /** How the job wants it captured; `auto` unless said. */
  readonly capture?: JobOptions["capture"];
}

/**
 * One lab with one installation, which the stories of a file share. It has the lab copy every capture, so that a story can end
 * by asking whether all is well.
 */
export interface Stage extends AsyncDisposable {
  readonly run: TestRun;
  readonly lab: Lab;
  readonly installation: Installation;
  readonly operator: Operator;
  readonly repositoryRelay: Relay;
  readonly engineRelay: Relay;
  /** Starts a second repository and makes it known under its name. */
  readonly addRepository: (spec: Omit<SecondRepositorySpec, "run" | "api">) => Promise<void>;
  /** Makes a VM with one disk, and a job of its name. */
  readonly addVm: (name: string, options?: StagedVmOptions) => Promise<StagedVm>;
  /** Sets the lab's counters to zero and starts a job; answers the session's id. */
  readonly start: (job: string) => Promise<string>;
  /** Starts the VM's job and waits for its end, whatever that is. */
  readonly backUp: (vm: StagedVm) => Promise<Session>;
  /** The guest writes for a moment, so that the next increment has something to do. */
  readonly change: (vm: StagedVm, seed: number) => Promise<void>;
  /**
   * Nothing of ours is on the engine but the checkpoints that newest good points name, there are as many points of the VM as
   * said, and each reads back as the lab copied it (R1, R6).
   */
  readonly expectSound: (vm: StagedVm, points: number) => Promise<void>;
}

/** What a file chooses for its stage. */
export interface StageSpec extends Omit<InstallationSpec, "run" | "agents"> {
  /** Agents by name, all in cluster `east`. */
  readonly agents: readonly string[];
  readonly slots?: number;
}

/** So little memory that a small disk too is read in many requests. */
const smallRuns = { HOLDFAST_AGENT_MEMORY_BUDGET_BYTES: String(32 * MiB) };

/** Opens lab and installation, connects them by way of relays, and waits for the agents. */
export const openStage = async ({ agents, slots = 2, ...spec }: StageSpec): Promise<Stage> => {
  await using opening = new AsyncDisposableStack();
  const run = opening.use(await openTestRun());
  const lab = opening.use(await openLab(run, twoClusters("ovirt")));
  const installation = opening.use(
    await openInstallation({
      ...spec,
      agentEnv: { ...smallRuns, ...spec.agentEnv },
      run,
      agents: agents.map((name) => ({ name, manager: "ovirt", cluster: "east", slots })),
    }),
  );
  const { engine } = lab.addresses;
  const repositoryRelay = opening.use(
    await openRelay(`unix:${join(run.dir, "relay.sock")}`, installation.repositoryAddress),
  );
  const engineRelay = opening.use(await openRelay("127.0.0.1:0", new URL(engine).host));
  const operator = createOperator({ ...installation, repositoryAddress: repositoryRelay.address });
  await operator.addManager({ ...lab, addresses: { ...lab.addresses, engine: `https://${engineRelay.address}` } });
  await operator.addRepository();
  await operator.waitForAgents(...agents);

  const parts: Parts = { run, lab, operator, repositories: [installation.door] };
  const owned = opening.move();
  return {
    run,
    lab,
    installation,
    operator,
    repositoryRelay,
    engineRelay,
    addRepository: async (wanted) => {
      const { address } = owned.use(await openSecondRepository({ ...wanted, run, api: installation.api }));
      await installation.api.service(RepositoryRegistryService).addRepository({ name: wanted.name, address });
      parts.repositories.push({ address, controllerDir: installation.controllerDir });
    },
    addVm: (name, options) => addVm(parts, name, options),
    start: (job) => startJob(parts, job),
    backUp: async (vm) => await operator.waitForEnd(await startJob(parts, vm.name)),
    change: (vm, seed) => change(parts, vm, seed),
    expectSound: (vm, points) => expectSound(parts, vm, points),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

interface Parts {
  readonly run: TestRun;
  readonly lab: Lab;
  readonly operator: Operator;
  /** The servers themselves, past the relay. */
  readonly repositories: RepositoryDoor[];
}

const addVm = async ({ run, lab, operator }: Parts, name: string, options: StagedVmOptions = {}): Promise<StagedVm> => {
  const { cluster = "east", status = "up", sizeMiB = 16, filledMiB = 10, secondMiB, repository, capture } = options;
  const disk = { alias: `${name}_root`, size: sizeMiB * MiB, fill: { seed: name, bytes: filledMiB * MiB } };
  const second =
    secondMiB === undefined
      ? []
      : [
          {
            alias: `${name}_second`,
            size: secondMiB * MiB,
            fill: { seed: `${name} second`, bytes: secondMiB * MiB },
          },
        ];
  const { id, disks } = await lab.control.addVm({ name, cluster, status, disks: [disk, ...second] });
  await operator.createJob(name, [name], {
    ...(repository !== undefined && { repository }),
    ...(capture !== undefined && { capture }),
  });
  return { name, id, disks, references: await keepReferences(lab, join(run.dir, "copies", name), id) };
};

const startJob = async ({ lab, operator }: Parts, job: string): Promise<string> => {
  await lab.control.resetCounters();
  return await operator.startJob(job);
};

const change = async ({ lab }: Parts, vm: StagedVm, seed: number): Promise<void> => {
  await lab.control.startWriter(vm.id, { seed, maxLengthBytes: MiB / 4 });
  await until("the guest to write", async () =>
    (await lab.control.readWriter(vm.id)).every(({ writes }) => writes.length >= 5),
  );
  await lab.control.stopWriter(vm.id);
};

const expectSound = async ({ lab, repositories }: Parts, vm: StagedVm, expected: number): Promise<void> => {
  const checkpoints: string[] = [];
  let found = 0;
  for (const door of repositories) {
    found += (await expectPointsIntact(door, vm.references)).length;
    await using reader = await openPointReader(door);
    checkpoints.push(...neededCheckpoints(await reader.list()));
  }
  if (found !== expected) throw new Error(`${vm.name} has ${found} points, not ${expected}`);
  await expectNothingLeft(lab, { checkpoints });
  await vm.references.prune();
};
