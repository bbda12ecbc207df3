import { describe, it } from "vitest";
import {
  type PlacementCase,
  agents,
  both,
  expectPlaced,
  far,
  given,
  inState,
  near,
  own,
  upAt,
  workers,
} from "../testing/placement-case.ts";
import { testAgentOf, testFleet, testPlacedAgent, testPlacedWorker } from "../testing/test-fleet.ts";

const agent = testPlacedAgent;
const worker = testPlacedWorker;
const busy = { busy: 1 };
const broken = { unhealthyReason: "its last test failed: it never enrolled" };
const disabled = { isEnabled: false };

const workersCases: readonly PlacementCase[] = [
  {
    name: "launches a sleeping worker of the own cluster, though another cluster's agent is free",
    fleet: both(workers(worker("w1", own)), agents(agent("b", near))),
    expected: "launch own-cluster w1",
    words: "worker w1 of the VM's cluster alpha, which is to be launched",
  },
  {
    name: "prefers an agent with room before launching a worker",
    fleet: both(workers(worker("w1", own)), agents(agent("a", own))),
    expected: "free own-cluster a",
  },
  {
    name: "launches a worker beside agents that are busy",
    fleet: both(workers(worker("w1", own)), agents(agent("a", own, busy))),
    expected: "launch own-cluster w1",
  },
  {
    name: "prefers a worker that is on its way before launching another",
    fleet: workers(worker("a", own), worker("b", own, { state: "rising" })),
    expected: "launch own-cluster b a",
    words: "worker b of the VM's cluster alpha, which is being launched",
  },
  {
    name: "launches another worker when the one on its way is promised to others",
    fleet: given(workers(worker("a", own), worker("b", own, { state: "rising" })), { wb: 4 }),
    expected: "launch own-cluster a",
  },
  {
    name: "waits when all workers on their way are promised to others",
    fleet: given(workers(worker("b", own, { state: "rising" })), { wb: 4 }),
    expected: "busy own-cluster",
    words: "all agents of the VM's cluster alpha are busy (worker b)",
  },
  {
    name: "makes a worker that is going down rise again",
    fleet: workers(worker("w1", own, { state: "falling" })),
    expected: "launch own-cluster w1",
    words: "worker w1 of the VM's cluster alpha, which is going down and to be launched again",
  },
  {
    name: "gives work to the agent of a worker that is up, like to any other",
    fleet: both(upAt("w1", own), agents(agent("b", near))),
    expected: "free own-cluster w1",
  },
  {
    name: "waits for the agent of a worker that is up and full",
    fleet: both(upAt("w1", own, { busy: 4 }), agents(agent("b", near))),
    expected: "busy own-cluster w1",
  },
  {
    name: "gives no work to the agent of a worker that is going down, though it is still heard",
    fleet: testFleet([testAgentOf(worker("w1", own, { state: "falling" }))], [worker("w1", own, { state: "falling" })]),
    expected: "launch own-cluster w1",
  },
  {
    name: "gives no work to an agent whose worker is gone",
    fleet: testFleet([testAgentOf(worker("w1", own))], []),
    expected: "nobody",
  },
  {
    name: "awaits a worker that is up and whose agent is not heard, after all others",
    fleet: both(upAt("a", own, inState("silent")), workers(worker("b", own))),
    expected: "launch own-cluster b a",
  },
  {
    name: "counts what a worker's agent still holds when it is launched again",
    fleet: testFleet([testAgentOf(worker("w1", own), { health: "silent", busy: 4 })], [worker("w1", own)]),
    expected: "busy own-cluster",
  },
  {
    name: "passes a broken worker with a warning, and falls through",
    fleet: both(workers(worker("w1", own, broken)), agents(agent("b", near))),
    expected: "free other-cluster b",
    words:
      "agent of another cluster of manager one: the VM's cluster alpha has no healthy agent " +
      "(worker w1: its last test failed: it never enrolled)",
    warnings: ["WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled"],
  },
  {
    name: "passes a disabled worker with a warning, though it is up and its agent healthy",
    fleet: testFleet(
      [testAgentOf(worker("w1", own)), agent("b", near)],
      [worker("w1", own, { ...disabled, state: "up" })],
    ),
    expected: "free other-cluster b",
    warnings: ["WORKER_PASSED worker w1 was passed: it is disabled"],
  },
  {
    name: "warns of a broken worker beside one that serves",
    fleet: workers(worker("w1", own, broken), worker("w2", own)),
    expected: "launch own-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled"],
  },
  {
    name: "says nothing of a broken worker at a level that was not looked at",
    fleet: both(agents(agent("a", own)), workers(worker("w1", near, broken))),
    expected: "free own-cluster a",
    warnings: [],
  },
  {
    name: "passes a worker whose agent is draining",
    fleet: both(upAt("w1", own, inState("draining")), workers(worker("w2", near))),
    expected: "launch other-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its agent is draining"],
  },
  {
    name: "passes a worker whose agent is of an incompatible version",
    fleet: both(upAt("w1", own, inState("incompatible")), workers(worker("w2", near))),
    expected: "launch other-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its agent is of a version that the controller does not work with"],
  },
  {
    name: "passes a worker whose agent does not work for this controller",
    fleet: both(upAt("w1", own, inState("refusing")), workers(worker("w2", near))),
    expected: "launch other-cluster w2",
    warnings: ["WORKER_PASSED worker w1 was passed: its agent does not work for this controller"],
  },
  {
    name: "launches another manager's worker when this one has nobody",
    fleet: workers(worker("w1", own, disabled), worker("w9", far)),
    expected: "launch other-manager w9",
    warnings: ["WORKER_PASSED worker w1 was passed: it is disabled"],
  },
  {
    name: "finds nobody among workers that are broken or disabled, and names them all",
    fleet: workers(worker("w1", own, broken), worker("w2", near, disabled)),
    expected: "nobody",
    words:
      "the VM's cluster alpha has no healthy agent (worker w1: its last test failed: it never enrolled); " +
      "another cluster of manager one has no healthy agent (worker w2: it is disabled); another manager has no agent",
    warnings: [
      "WORKER_PASSED worker w1 was passed: its last test failed: it never enrolled",
      "WORKER_PASSED worker w2 was passed: it is disabled",
    ],
  },
];

describe("place: workers", () => {
  it.each(workersCases)("$name", (one) => {
    expectPlaced(one);
  });
});
