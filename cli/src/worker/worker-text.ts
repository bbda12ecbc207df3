import type { Worker, WorkerDefinition, WorkerNetwork } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { factsText, tableText } from "../output/output.ts";
import { bytesText, spanText, timeText } from "../output/units.ts";

/** One line a worker. */
export const workersTable = (workers: readonly Worker[]): string =>
  tableText(
    ["name", "manager", "cluster", "state", "health", "tasks", "from"],
    workers.map((one) => [
      one.definition?.name ?? "",
      one.definition?.manager ?? "",
      one.definition?.cluster ?? "",
      stateText(one),
      healthText(one),
      tasksText(one),
      sourceText(one.definition),
    ]),
  );

/** All that is known of one worker. */
export const workerText = (one: Worker): string => {
  const { definition } = one;
  return factsText([
    ["name", definition?.name],
    ["id", one.workerId],
    ...lifeFacts(one),
    ["size", `${one.cpus} CPUs, ${bytesText(one.memoryBytes)}`],
    ...(definition === undefined ? [] : definitionFacts(definition)),
    ["next launch", pendingTexts[one.pendingChange]],
    ["VM", one.vmId],
    ["agent", one.agentId],
    ["test", one.testSessionId === "" ? undefined : `session ${one.testSessionId}`],
  ]);
};

type Facts = readonly (readonly [string, string | undefined])[];

const lifeFacts = (one: Worker): Facts => [
  ["state", one.doing === "" ? stateText(one) : `${stateText(one)}: ${one.doing}`],
  ["since", timeText(one.stateSinceMs)],
  ["health", one.unhealthyReason === "" ? "usable" : `unhealthy since ${timeText(one.unhealthySinceMs)}`],
  ["reason", one.unhealthyReason],
  ["enabled", one.enabled ? "yes" : "no: it gets no new work"],
  ["tasks", tasksText(one)],
];

const definitionFacts = (definition: WorkerDefinition): Facts => [
  ["description", definition.description],
  ["cluster", `${definition.manager}/${definition.cluster}`],
  ["made from", sourceText(definition)],
  ["storage domain", definition.storageDomain],
  ["hosts", definition.hosts.join(", ")],
  ["networks", definition.networks.map(networkText).join("; ")],
  ["DNS", definition.dnsServers.join(", ")],
  ["when idle", `${definition.idlePolicy} after ${spanText(definition.idleDelayMs ?? 0n)}`],
  ["launch", `at most ${spanText(definition.launchTimeoutMs ?? 0n)}`],
];

const tasksText = (one: Worker): string => `${one.busyTasks} of ${one.definition?.tasks ?? 0}`;

const pendingTexts: Readonly<Record<string, string>> = {
  reshape: "changes the VM to its definition first",
  remake: "makes the VM anew first",
};

const stateText = (one: Worker): string => (one.removing ? `${one.state} (being removed)` : one.state);

const healthText = (one: Worker): string => {
  if (!one.enabled) return "disabled";
  return one.unhealthyReason === "" ? "usable" : "unhealthy";
};

const sourceText = (definition: WorkerDefinition | undefined): string => {
  if (definition === undefined) return "";
  return definition.template === "" ? `image ${definition.image}` : `template ${definition.template}`;
};

const networkText = ({ network, address, netmask, gateway }: WorkerNetwork): string => {
  if (address === "") return `${network} (DHCP)`;
  return `${network} (${address} ${netmask}${gateway === "" ? "" : ` by ${gateway}`})`;
};
