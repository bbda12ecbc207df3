import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { present } from "../harness/operator.ts";
import { type PointReader, openPointReader } from "../harness/point-reader.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { WalkState } from "./walk-state.ts";

/** A VM that is walked on: what the model's numbers are on the engine. */
export interface GroundVm {
  readonly name: string;
  readonly id: string;
  readonly host: string;
  /** Gets the disks of every backup at its `ready`. */
  readonly copiesDir: string;
  /** Ids of disks and of snapshots by the walk's numbers. */
  readonly disks: Map<number, string>;
  readonly snapshots: Map<number, string>;
}

/** An installation with a lab for a walk. */
export interface Ground extends AsyncDisposable {
  readonly story: Story;
  readonly lab: Lab;
  readonly vms: readonly GroundVm[];
  readonly reader: PointReader;
}

const MiB = 1024 * 1024;
const clusters = ["east", "west"] as const;

/** So little patience that a leftover is noticed within a second or two, and a VM that is in no state for a backup is given up soon. */
const impatient = {
  HOLDFAST_CONTROLLER_WORK_PREFLIGHT_PATIENCE_MS: "1500",
  HOLDFAST_CONTROLLER_JANITOR_EVERY_MS: "1000",
  HOLDFAST_CONTROLLER_JANITOR_REQUEST_TIMEOUT_MS: "500",
};

/** Opens it: the first VM in a cluster of hybrid captures, the second in one of live and cold ones, each with a host, an agent and a job. */
export const openGround = async (state: WalkState): Promise<Ground> => {
  await using opening = new AsyncDisposableStack();
  const story = opening.use(
    await openStory({
      labs: [{ ...twoClusters("ovirt") }],
      agents: clusters.map((cluster) => ({ name: cluster, manager: "ovirt", cluster })),
      controllerEnv: () => impatient,
    }),
  );
  const lab = story.lab("ovirt");
  const vms: GroundVm[] = [];
  for (const [index, { disks }] of state.vms.entries()) {
    const cluster = present(clusters[index]);
    const name = `walk-${cluster}`;
    const made = await lab.control.addVm({
      name,
      cluster,
      status: "up",
      disks: disks.map(({ number, sizeMiB }) => ({
        alias: `disk-${number}`,
        size: sizeMiB * MiB,
        fill: { seed: name, bytes: (sizeMiB * MiB) / 2 },
      })),
    });
    const copiesDir = join(story.run.dir, "copies", name);
    await mkdir(copiesDir, { recursive: true });
    await lab.control.copyEveryReady(made.id, copiesDir);
    await story.operator.createJob(name, [name]);
    const ids = disks.map(({ number }, at) => [number, present(made.disks[at]).id] as const);
    const host = `ovirt-${cluster}-1`;
    vms.push({ name, id: made.id, host, copiesDir, disks: new Map(ids), snapshots: new Map() });
  }
  const reader = opening.use(await openPointReader(story.installation.door));
  const owned = opening.move();
  return { story, lab, vms, reader, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};
