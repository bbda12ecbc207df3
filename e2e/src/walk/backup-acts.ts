import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import type { KeptProgram } from "../harness/kept-program.ts";
import { describeSession, present } from "../harness/operator.ts";
import { until } from "../harness/until.ts";
import { type ExpectedEnd, type SeenEnd, findSurprises } from "./expected-end.ts";
import type { Ground, GroundVm } from "./ground.ts";
import { type KeptPoints, forgetCopies } from "./kept-points.ts";
import { loseHost } from "./machine-acts.ts";
import type { VmAct } from "./step.ts";

type Disturbance = Extract<VmAct, { kind: "backup-disturbed" }>;

/** States of a task in the order of a session that nothing befalls. */
const order = ["pending", "waiting", "preparing", "running", "settling", "succeeded"];

/** A backup of a walk. */
export interface WalkBackup {
  readonly vm: GroundVm;
  /** Gets the point that it makes. */
  readonly kept: KeptPoints;
  /** Ids of the disks that the VM has: the point is to hold each. */
  readonly diskIds: readonly string[];
  readonly expected: ExpectedEnd;
  readonly disturbance?: Disturbance;
}

/**
 * Backs the VM up, with a disturbance or without, and keeps the point that it makes; answers whether it made one. Fails when the
 * session ended otherwise than is expected.
 */
export const backUp = async (
  { story, lab }: Pick<Ground, "story" | "lab">,
  { vm, kept, diskIds, expected, disturbance }: WalkBackup,
): Promise<boolean> => {
  const { operator } = story;
  const sessionId = await operator.startJob(vm.name);
  if (disturbance !== undefined) {
    await untilReached({ story }, sessionId, disturbance.at);
    await disturb({ story, lab }, vm, disturbance);
  }
  const session = await operator.waitForEnd(sessionId);
  const seen = toSeen(session);
  const surprises = findSurprises(expected, seen);
  if (surprises.length > 0) throw new Error(`${surprises.join("; ")}:\n${describeSession(session)}`);
  if (seen.made) await kept.keep(vm, { pointId: present(session.tasks[0]).pointId, diskIds });
  else await forgetCopies(vm);
  return seen.made;
};

const toSeen = (session: Session): SeenEnd => {
  const remarks = [...session.remarks, ...session.tasks.flatMap((task) => task.remarks)];
  const codes = (level: string): readonly string[] =>
    remarks.filter((one) => one.level === level).map(({ code }) => code);
  return {
    made: session.result === Result.SUCCESS || session.result === Result.WARNING,
    errors: codes("error"),
    warnings: codes("warning"),
  };
};

const untilReached = async ({ story }: Pick<Ground, "story">, sessionId: string, state: string): Promise<void> => {
  await until(`the task to be ${state}`, async () => {
    const task = (await story.operator.session(sessionId)).tasks[0];
    if (task === undefined) return false;
    // A task that failed or waits to be tried again was there, or never will be.
    return !order.includes(task.state) || order.indexOf(task.state) >= order.indexOf(state);
  });
};

const disturb = async (
  { story, lab }: Pick<Ground, "story" | "lab">,
  vm: GroundVm,
  { by }: Disturbance,
): Promise<void> => {
  if (by === "host") await loseHost({ lab }, vm);
  else await killAndStart({ story }, vm, by);
};

/** Kills a program and starts it again at once. */
export const killAndStart = async (
  { story }: Pick<Ground, "story">,
  vm: GroundVm,
  target: "agent" | "controller",
): Promise<void> => {
  const { installation } = story;
  const program: KeptProgram = target === "agent" ? installation.agent(agentOf(vm)) : installation.controller;
  await program.kill();
  await program.start();
  if (target === "agent") await story.operator.waitForAgents(agentOf(vm));
};

const agentOf = ({ name }: GroundVm): string => name.replace("walk-", "");
