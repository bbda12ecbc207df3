import { type Engine, labActor } from "../engine/engine.ts";
import type { Initialization } from "../model/initialization.ts";
import type { Vm } from "../model/vm.ts";
import { readCloudConfig } from "./cloud-config.ts";
import { applyUserData, guestFolder, isAgentEnabled, noteOnConsole } from "./guest-files.ts";
import { type GuestKind, readGuestKind } from "./guest-marker.ts";
import { type GuestNetwork, type NetworkPlug, decideNetwork } from "./guest-network.ts";
import { guestProgram } from "./guest-program.ts";

const bootKind = async (engine: Engine, vm: Vm): Promise<GuestKind> => {
  const plugged = vm.attachments.filter((one) => one.active && engine.world.disks.get(one.diskId)?.busy === false);
  const boot = plugged.find((one) => one.bootable) ?? plugged[0];
  return boot === undefined ? "none" : readGuestKind(engine.storage.guestAddress(vm.id, boot.diskId));
};

const plugsOf = ({ world }: Engine, vm: Vm): readonly NetworkPlug[] =>
  vm.nics.map((nic) => {
    const network = world.networks.get(world.vnicProfiles.get(nic.vnicProfileId ?? "")?.networkId ?? "");
    const isConnected = nic.linked && nic.plugged && network !== undefined && network.isolated !== true;
    return { nicId: nic.id, isConnected, subnet: network?.subnet };
  });

/** What user data said of the network stays with the guest, as what cloud-init wrote does. */
const networkOf = (engine: Engine, vm: Vm, told: Initialization | undefined): GuestNetwork => {
  const others = [...engine.world.vms.values()].filter((one) => one !== vm);
  const taken = new Set(others.flatMap((one) => Object.values(one.addresses ?? {})));
  const nics = told?.nics ?? vm.guestNics ?? [];
  vm.guestNics = nics;
  return decideNetwork(plugsOf(engine, vm), nics, taken);
};

/** True when the agent is to be started for this boot. */
const applyInitialization = async (engine: Engine, vm: Vm, told: Initialization | undefined): Promise<boolean> => {
  const script = told?.customScript;
  try {
    return script !== undefined && (await applyUserData(engine, vm.id, readCloudConfig(script)));
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
    await noteOnConsole(engine, vm.id, caught.message);
    return false;
  }
};

const startAgent = async (engine: Engine, vm: Vm, told: Initialization | undefined): Promise<void> => {
  await noteOnConsole(engine, vm.id, "boots");
  const isStarted = await applyInitialization(engine, vm, told);
  const network = networkOf(engine, vm, told);
  vm.addresses = network.addresses;
  const folder = guestFolder(engine, vm.id);
  if (!isStarted && !isAgentEnabled(folder)) {
    await noteOnConsole(engine, vm.id, "no agent is enabled");
    return;
  }
  if (network.isIsolated) await noteOnConsole(engine, vm.id, "the network is unreachable");
  await engine.guestPrograms.start(vm.id, guestProgram(folder, engine.config, network.isIsolated));
};

/**
 * Boots what the VM's boot disk holds, with what cloud-init is told. Answers whether a guest agent reports: not when the disk
 * boots nothing. A VM of the lab's own has an imagined system whose agent reports unless it was told to have none.
 */
export const bootGuest = async (engine: Engine, vm: Vm, told: Initialization | undefined): Promise<boolean> => {
  if ((await bootKind(engine, vm)) === "none") return vm.madeBy === labActor.login && vm.guestAgent;
  await startAgent(engine, vm, told);
  return true;
};
