import { type Fleet, withOneMore } from "../placement/fleet.ts";
import { type LimitedThing, type Limits, type Load, fullThings, fullWords, withTask } from "../placement/limits.ts";
import { type PlacementPast, place } from "../placement/place.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import type { PlacementTask } from "../placement/placement-task.ts";
import type { Placement } from "../placement/placement.ts";

/** A waiting task as the queue sees it. */
export interface QueuedTask {
  readonly taskId: string;
  readonly sessionId: string;
  /** The VM that it works on, so that no other task does; empty for a VM that is not there yet. */
  readonly vmKey: string;
  readonly queuedMs: number;
  readonly position: number;
  /** Milliseconds until it may be tried again; 0 for now. */
  readonly restsMs: number;
  readonly target: PlacementTask;
  /** A copy of a point: it is served when nothing else waits, for its point lies safe already. */
  readonly isCopy: boolean;
  readonly past: PlacementPast;
  /** Everything limited that it puts load on. */
  readonly things: readonly LimitedThing[];
  /** What keeps it from being placed at all, in words, such as another task of its VM; empty for nothing. */
  readonly blockedBy: string;
}

/** What tasks are placed on. */
export interface QueueGround {
  readonly fleet: Fleet;
  readonly limits: Limits;
  /** Of the tasks that are under way. */
  readonly load: Load;
}

/** What a waiting task waits for. */
export interface QueueVerdict {
  readonly task: QueuedTask;
  /** From 1, among all waiting tasks. */
  readonly place: number;
  readonly placement: Placement;
  /**
   * ready: it goes where placement says · limited: it would, if a limit did not hold it · held: it may not be placed now, another
   * task works on its VM or it rests before another attempt.
   */
  readonly standing: "ready" | "limited" | "held";
  readonly words: string;
}

/** The order in which waiting tasks are served: restores first and copies last, each kind by how long it waits. */
export const inOrder = (tasks: readonly QueuedTask[]): readonly QueuedTask[] =>
  [...tasks].sort(
    (left, right) =>
      Number(right.target.isRestore) - Number(left.target.isRestore) ||
      Number(left.isCopy) - Number(right.isCopy) ||
      left.queuedMs - right.queuedMs ||
      left.position - right.position ||
      left.taskId.localeCompare(right.taskId),
  );

/**
 * Judges the whole queue in its order. What a task is going to take (a slot, a place on each limited thing, its VM) is taken on
 * paper before the next one is judged, so that nothing is promised twice.
 */
export const judgeQueue = (tasks: readonly QueuedTask[], ground: QueueGround): readonly QueueVerdict[] => {
  let paper: Paper = { ...ground, promised: ground.load, vms: new Map() };
  return inOrder(tasks).map((task, index) => {
    const verdict = { task, place: index + 1, ...judge(task, paper) };
    paper = afterwards(paper, verdict);
    return verdict;
  });
};

/** The first task in the queue that placement gives to this agent now; undefined for none. */
export const firstFor = (agentId: string, verdicts: readonly QueueVerdict[]): QueueVerdict | undefined =>
  verdicts.find(
    (verdict) =>
      isClaimable(verdict) &&
      verdict.placement.kind === "free" &&
      verdict.placement.agents.some((agent) => agent.agentId === agentId),
  );

/** True when an agent that placement names may claim it now. */
export const isClaimable = ({ standing, placement }: Pick<QueueVerdict, "standing" | "placement">): boolean =>
  standing === "ready" && placement.kind === "free";

interface Paper extends QueueGround {
  /** The load, and what waits for a worker beside: no worker is launched for more than the limits allow. */
  readonly promised: Load;
  /** VMs of tasks earlier in the queue that are about to begin, with their sessions. */
  readonly vms: ReadonlyMap<string, string>;
}

const judge = (task: QueuedTask, paper: Paper): Pick<QueueVerdict, "placement" | "standing" | "words"> => {
  const placement = place(task.target, paper.fleet, task.past);
  const held = whyHeld(task, paper);
  if (held !== "") return { placement, standing: "held", words: held };
  const load = placement.kind === "launch" ? paper.promised : paper.load;
  const full = fullThings(paper.limits, load, task.things);
  if (full.length === 0 || placement.kind === "nobody")
    return { placement, standing: "ready", words: readyWords(placement) };
  const words = full.map((thing) => fullWords(paper.limits, load, thing)).join("; ");
  return { placement, standing: "limited", words: `waits: ${words}` };
};

const whyHeld = (task: QueuedTask, { vms }: Paper): string => {
  if (task.blockedBy !== "") return task.blockedBy;
  if (task.restsMs > 0) return `rests ${Math.ceil(task.restsMs / 1_000)} s before another attempt`;
  const earlier = vms.get(task.vmKey);
  return earlier === undefined
    ? ""
    : `waits for a task of session ${earlier}, which works on this VM and is before it in the queue`;
};

const readyWords = (placement: Placement): string => {
  switch (placement.kind) {
    case "free":
      return `waits to be claimed by an ${placement.words}`;
    case "launch":
      return `waits for ${placement.words}`;
    case "busy":
      return `waits for a free slot: ${placement.words}`;
    case "nobody":
      return `waits for an agent: ${placement.words}`;
  }
};

/**
 * A restore that a limit holds keeps its slot and its other places: no backup behind it takes them meanwhile. A backup that
 * waits for a worker holds no place against those that can begin now: a worker may be minutes away, or never come.
 */
const afterwards = (paper: Paper, verdict: QueueVerdict): Paper => {
  const { task, placement, standing } = verdict;
  const isGoing = standing === "ready" && (placement.kind === "free" || placement.kind === "launch");
  const { isRestore } = task.target;
  if (!isGoing && !(standing === "limited" && isRestore)) return paper;
  const takes = (load: Load): Load => {
    const full = isGoing ? [] : fullThings(paper.limits, load, task.things);
    return withTask(
      load,
      task.things.filter((thing) => !full.includes(thing)),
    );
  };
  const agentId = takerOf(placement);
  return {
    ...paper,
    fleet: agentId === "" ? paper.fleet : withOneMore(paper.fleet, agentId),
    load: isRestore || placement.kind === "free" ? takes(paper.load) : paper.load,
    promised: takes(paper.promised),
    vms: task.vmKey === "" ? paper.vms : new Map(paper.vms).set(task.vmKey, task.sessionId),
  };
};

/** The agent that a task is given to on paper; empty for none. */
const takerOf = (placement: Placement): string => {
  if (placement.kind === "free") return placement.agents[0]?.agentId ?? "";
  const [worker] = placement.kind === "launch" ? placement.workers : [];
  return worker === undefined ? "" : agentIdOfWorker(worker.workerId);
};
