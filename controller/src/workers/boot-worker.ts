import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { throughConflicts } from "../capture/waiting.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { GuestNic } from "../hypervisor/machines.ts";
import { clocksOf } from "./clocks.ts";
import { writeUserData } from "./user-data.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import type { WorkerNetwork } from "./worker-definition.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";

/** Starts a worker's VM, which is down, with user data that holds a fresh join token. */
export const bootWorker = async (
  deps: WorkerDeps,
  { worker, manager, hypervisor }: WorkerAt,
  vmId: string,
  signal: AbortSignal,
): Promise<void> => {
  const { definition, workerId } = worker;
  const managerName = manager.record.name;
  const clusterName = clusterNameOf(manager.inventory?.clusters ?? [], definition.clusterId);
  const joinToken = await deps.issuer.issue({
    role: "agent",
    agentId: agentIdOfWorker(workerId),
    name: definition.name,
    managerName,
    clusterName,
    workerId,
  });
  const setup = {
    hostName: definition.name,
    userData: writeUserData({ definition, managerName, clusterName, joinToken }),
    nics: definition.networks.map(toGuestNic),
    dnsServers: definition.dnsServers,
  };
  const boot = (): Promise<void> => hypervisor.bootMachine(vmId, setup, signal);
  await start(deps, { workerId, vmId, hypervisor }, boot, signal);
};

/** Resumes a worker's VM, which is suspended: its agent goes on where it was. */
export const resumeWorker = (
  deps: WorkerDeps,
  { worker, hypervisor }: WorkerAt,
  vmId: string,
  signal: AbortSignal,
): Promise<void> => {
  const resume = (): Promise<void> => hypervisor.startVm(vmId, signal);
  return start(deps, { workerId: worker.workerId, vmId, hypervisor }, resume, signal);
};

interface Started {
  readonly workerId: string;
  readonly vmId: string;
  readonly hypervisor: Hypervisor;
}

const start = async (
  deps: WorkerDeps,
  { workerId, vmId, hypervisor }: Started,
  ask: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  // Only a hello from now on tells that this launch went well.
  clocksOf(deps.patience, workerId).restart("hello");
  const limit = { what: `vm ${vmId} to start`, deadlineMs: deps.workerSettings.startPatienceMs };
  const askUnlessStarted = async (): Promise<void> => {
    try {
      await ask();
    } catch (caught) {
      // An engine refuses to start what it starts already.
      const isRefused = hasCode(caught, "ENGINE_CONFLICT");
      if (!isRefused || (await isWithoutPower(hypervisor, vmId, signal))) throw caught;
    }
  };
  await throughConflicts(deps, limit, askUnlessStarted, signal);
};

const isWithoutPower = async (hypervisor: Hypervisor, vmId: string, signal: AbortSignal): Promise<boolean> => {
  const { status } = await hypervisor.getVm(vmId, signal);
  return ["down", "suspended", "image_locked", "saving_state", "powering_down"].includes(status);
};

const toGuestNic = ({ device, address, netmask, gateway }: WorkerNetwork, index: number): GuestNic => ({
  device: device === "" ? `eth${index}` : device,
  fixed: address === "" ? undefined : { address, netmask, gateway },
});

const clusterNameOf = (clusters: readonly { readonly id: string; readonly name: string }[], id: string): string => {
  const found = clusters.find((one) => one.id === id);
  if (found === undefined) throw new HoldfastError("ENGINE_UNREACHABLE", "the manager's clusters are not known yet");
  return found.name;
};
