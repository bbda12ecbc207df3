import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WorkerDefinitionSchema, WorkerSchema } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { attemptsOfWorker } from "../../workers/busy-workers.ts";
import { unhealthyReasonOf } from "../../workers/worker-health.ts";
import { type WorkerDefinition, cpusOf, memoryOf } from "../../workers/worker-definition.ts";
import { agentIdOfWorker } from "../../placement/placed-agent.ts";
import type { Worker } from "../../workers/worker.ts";
import type { ApiDeps } from "../api-deps.ts";

/** A worker as operators see it. */
export const toWorker = async (deps: ApiDeps, worker: Worker): Promise<MessageInitShape<typeof WorkerSchema>> => {
  const unhealthyReason = unhealthyReasonOf(worker, deps.clock.nowMs(), deps.workerSettings.unhealthyRestMs);
  return {
    workerId: worker.workerId,
    definition: toDefinition(deps, worker.definition),
    enabled: worker.enabled,
    state: worker.state,
    doing: worker.doing,
    stateSinceMs: BigInt(worker.movedMs),
    unhealthyReason,
    unhealthySinceMs: BigInt(unhealthyReason === "" ? 0 : worker.unhealthyMs),
    vmId: worker.vmId,
    agentId: agentIdOfWorker(worker.workerId),
    busyTasks: (await attemptsOfWorker(deps.database.queries, worker.workerId)).length,
    cpus: cpusOf(worker.definition),
    memoryBytes: BigInt(memoryOf(worker.definition)),
    pendingChange: worker.pending,
    testSessionId: worker.test?.sessionId ?? "",
    removing: worker.removing,
    createdMs: BigInt(worker.createdMs),
  };
};

const toDefinition = (
  { managers }: Pick<ApiDeps, "managers">,
  definition: WorkerDefinition,
): MessageInitShape<typeof WorkerDefinitionSchema> => {
  const manager = managers.find(definition.managerId);
  const cluster = manager?.inventory?.clusters.find(({ id }) => id === definition.clusterId);
  const { source } = definition;
  return {
    name: definition.name,
    description: definition.description,
    manager: manager?.record.name ?? definition.managerId,
    cluster: cluster?.name ?? definition.clusterId,
    template: source.kind === "template" ? source.name : "",
    image: source.kind === "image" ? source.file : "",
    storageDomain: definition.storageDomain,
    tasks: definition.tasks,
    cpus: definition.cpus,
    memoryBytes: BigInt(definition.memoryBytes),
    networks: definition.networks,
    dnsServers: definition.dnsServers,
    hosts: definition.hosts,
    idlePolicy: definition.idlePolicy,
    idleDelayMs: BigInt(definition.idleDelayMs),
    launchTimeoutMs: BigInt(definition.launchTimeoutMs),
  };
};
