import { until } from "./until.ts";
import type { Lab } from "./lab.ts";

/** What of ours may be on the engine when nothing is under way. */
export interface Allowed {
  /** Checkpoints that newest good points name; at most one per VM and repository. */
  readonly checkpoints?: readonly string[];
  /** Disks and VMs that restores made. */
  readonly disks?: readonly string[];
  readonly vms?: readonly string[];
}

const labMade = "lab";

/** Worker VMs stay, with their disks, between the times at which they are needed: their description tells them. */
const isWorker = ({ description }: { readonly description: string }): boolean =>
  /^holdfast\/[^/]+\/worker\//.test(description);

/** What the lab's own listing shows of ours beyond what is allowed, in words; empty for nothing (R6). */
export const findLeftovers = async (lab: Lab, allowed: Allowed = {}): Promise<readonly string[]> => {
  const found = await lab.control.leftovers();
  const workers = new Set(found.vms.filter(isWorker).map(({ id }) => id));
  const ours = <One extends { readonly id: string; readonly madeBy: string }>(
    kind: string,
    all: readonly One[],
    may: readonly string[] = [],
  ): readonly string[] =>
    all.filter((one) => one.madeBy !== labMade && !may.includes(one.id)).map((one) => `${kind} ${JSON.stringify(one)}`);
  return [
    ...ours(
      "vm",
      found.vms.filter((vm) => !isWorker(vm)),
      allowed.vms,
    ),
    ...ours(
      "disk",
      found.disks.filter(({ vmIds }) => !vmIds.some((id) => workers.has(id))),
      allowed.disks,
    ),
    ...ours("checkpoint", found.checkpoints, allowed.checkpoints),
    ...found.snapshots
      .filter((one) => one.byBackup || one.madeBy !== labMade)
      .map((one) => `snapshot ${JSON.stringify(one)}`),
    ...found.backups.map((one) => `backup ${JSON.stringify(one)}`),
    ...found.transfers.map((one) => `transfer ${JSON.stringify(one)}`),
    ...(found.tickets > 0 ? [`${found.tickets} tickets`] : []),
    ...found.strayVolumes.map((one) => `volume ${one}`),
    ...found.strayBitmaps.map((one) => `bitmap ${JSON.stringify(one)}`),
    ...found.frozenGuests.map((id) => `frozen guest ${id}`),
    ...found.exportProcesses.map((one) => `process ${JSON.stringify(one)}`),
  ];
};

/** Waits until nothing of ours is left, as the lab sees it; fails with what is. */
export const expectNothingLeft = async (lab: Lab, allowed: Allowed = {}, withinMs = 60_000): Promise<void> => {
  let last: readonly string[] = [];
  await until(
    "nothing of ours to be left on the engine",
    async () => {
      last = await findLeftovers(lab, allowed);
      return last.length === 0;
    },
    withinMs,
  ).catch((caught: unknown) => {
    throw new Error(`left on ${lab.addresses.name}:\n${last.join("\n")}`, { cause: caught });
  });
};
