import { access, constants } from "node:fs/promises";
import type { WorkerDefinition as DefinitionMessage } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import { resolvePlaces } from "../../workers/resolve-places.ts";
import { type WorkerDefinition, workerDefinitionSchema } from "../../workers/worker-definition.ts";
import type { ApiDeps } from "../api-deps.ts";

/** Checks a definition as an operator sent it, also that the engine has what it names. INVALID_ARGUMENT with every problem. */
export const readDefinition = async (
  deps: ApiDeps,
  message: DefinitionMessage | undefined,
  signal: AbortSignal,
): Promise<WorkerDefinition> => {
  if (message === undefined) throw new HoldfastError("INVALID_ARGUMENT", "a worker needs a definition");
  const manager = deps.managers.get(message.manager);
  const definition = parseDefinition(message, {
    managerId: manager.record.managerId,
    clusterId: await clusterIdOf(manager, message.cluster, signal),
  });
  await checkOnEngine(manager, definition, signal);
  return definition;
};

const clusterIdOf = async (manager: ManagerConnection, wanted: string, signal: AbortSignal): Promise<string> => {
  const { clusters } = manager.inventory ?? (await manager.refresh(signal));
  const found = clusters.find(({ id, name }) => id === wanted || name === wanted);
  if (found !== undefined) return found.id;
  throw new HoldfastError("NOT_FOUND", `manager ${manager.record.name} has no cluster ${wanted}`);
};

/** The definition of a message whose manager and cluster are known. */
export const parseDefinition = (
  message: DefinitionMessage,
  place: Pick<WorkerDefinition, "managerId" | "clusterId">,
): WorkerDefinition => {
  if ((message.template === "") === (message.image === ""))
    throw new HoldfastError("INVALID_ARGUMENT", "a worker comes from a template or from an image, one of the two");
  const parsed = workerDefinitionSchema.safeParse({
    ...place,
    name: message.name,
    description: message.description,
    source:
      message.template === "" ? { kind: "image", file: message.image } : { kind: "template", name: message.template },
    storageDomain: message.storageDomain,
    ...(message.tasks === 0 ? {} : { tasks: message.tasks }),
    cpus: message.cpus,
    memoryBytes: Number(message.memoryBytes),
    networks: message.networks.map(({ network, address, netmask, gateway, device }) => ({
      network,
      address,
      netmask,
      gateway,
      device,
    })),
    dnsServers: message.dnsServers,
    hosts: message.hosts,
    ...(message.idlePolicy === "" ? {} : { idlePolicy: message.idlePolicy }),
    ...(message.idleDelayMs === undefined ? {} : { idleDelayMs: Number(message.idleDelayMs) }),
    ...(message.launchTimeoutMs === undefined ? {} : { launchTimeoutMs: Number(message.launchTimeoutMs) }),
  });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message: words }) => `${path.join(".") || "worker"}: ${words}`);
  throw new HoldfastError("INVALID_ARGUMENT", problems.join("; "), { cause: parsed.error });
};

const checkOnEngine = async (
  manager: ManagerConnection,
  definition: WorkerDefinition,
  signal: AbortSignal,
): Promise<void> => {
  const { hypervisor } = manager;
  const inventory = manager.inventory ?? (await manager.refresh(signal));
  const profiles = definition.networks.length === 0 ? [] : await hypervisor.listVnicProfiles(signal);
  resolvePlaces(definition, { inventory, profiles });
  const { source } = definition;
  if (source.kind === "image") return checkImage(source.file);
  if ((await hypervisor.findTemplate(source.name, signal)) === undefined)
    throw new HoldfastError("NOT_FOUND", `manager ${manager.record.name} has no template ${source.name}`);
};

const checkImage = async (file: string): Promise<void> => {
  try {
    await access(file, constants.R_OK);
  } catch (caught) {
    throw new HoldfastError("IMAGE_UNUSABLE", `the controller cannot read ${file} on its machine`, { cause: caught });
  }
};
