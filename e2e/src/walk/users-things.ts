import type { Ground, GroundVm } from "./ground.ts";
import type { VmState } from "./walk-state.ts";

const MiB = 1024 * 1024;

const sorted = (texts: readonly string[]): string => [...texts].sort().join(", ");

/** What the model says that a VM is, on the engine: status, disks with their sizes, and the user's snapshots, none touched (R6). */
export const expectUsersThings = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm, state: VmState): Promise<void> => {
  const shown = await lab.control.getVm(vm.id);
  const own = shown.snapshots.filter(({ byBackup, madeBy }) => !byBackup && madeBy === "lab");
  const before = state.preview === undefined ? [] : ["Active VM before the preview"];
  const seen = [
    shown.status,
    sorted(shown.disks.map(({ alias, sizeBytes }) => `${alias} of ${sizeBytes / MiB} MiB`)),
    sorted(own.map(({ description }) => description)),
  ];
  const wanted = [
    state.status,
    sorted(state.disks.map(({ number, sizeMiB }) => `disk-${number} of ${sizeMiB} MiB`)),
    sorted([...state.snapshots.map(({ number }) => `snapshot ${number}`), ...before]),
  ];
  for (const [index, want] of wanted.entries())
    if (seen[index] !== want)
      throw new Error(`VM ${vm.name} is ${seen.join("; ")} where it was to be ${wanted.join("; ")}`);
};
