import type { Engine } from "../engine/engine.ts";
import type { Vm } from "../model/vm.ts";
import { levelOf } from "../vms/vm-rules.ts";
import { asksForFlag } from "./capture-kind.ts";

/** False for a disk that lacks the flag which the VM's level asks for. */
export const mayBeTracked = (engine: Engine, vm: Vm, diskId: string): boolean =>
  engine.world.disks.get(diskId)?.backup === "incremental" || !asksForFlag(levelOf(engine.world, vm));
