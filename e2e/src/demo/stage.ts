import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, engineUser, openLab, twoClusters } from "../harness/lab.ts";
import { openStandalone } from "../harness/standalone.ts";
import type { TestRun } from "../harness/test-run.ts";
import { type CommandLine, createCommandLine } from "./command-line.ts";
import { makeExt4Image } from "./ext4-image.ts";
import { writeFileTree } from "./file-tree.ts";

/** Everything that the demo plays on: a simulated oVirt with its VMs, and a Holdfast. */
export interface Stage extends AsyncDisposable {
  readonly dir: string;
  readonly lab: Lab;
  readonly cli: CommandLine;
  readonly repositoryDir: string;
  /** Ends controller, bus, repository and agent; the lab stays. */
  readonly stopHoldfast: () => Promise<void>;
}

const MiB = 1024 * 1024;

/** The disks of the VM that holds real file systems. */
const fileSystems = [
  { alias: "app-1_root", label: "root", sizeBytes: 256 * MiB, filesBytes: 160 * MiB },
  { alias: "app-1_data", label: "data", sizeBytes: 192 * MiB, filesBytes: 110 * MiB },
];

/** Makes the images and starts the lab: `app-1` in cluster east with two ext4 disks, `far-1` in west, which will have no agent but a worker's. */
export const openDemoLab = async (run: TestRun, seed: number, signal: AbortSignal): Promise<Lab> => {
  const disks: { alias: string; fill: { image: string } }[] = [];
  for (const [index, { alias, label, sizeBytes, filesBytes }] of fileSystems.entries()) {
    const tree = join(run.dir, `tree-${label}`);
    const image = join(run.dir, `${alias}.raw`);
    await mkdir(tree);
    await writeFileTree(tree, { seed: seed + index, sizeBytes: filesBytes });
    await makeExt4Image({ tree, image, sizeBytes, label }, signal);
    await rm(tree, { recursive: true });
    disks.push({ alias, fill: { image } });
  }
  const lab = await openLab(run, {
    ...twoClusters("lab"),
    vms: [
      { name: "app-1", cluster: "east", status: "up", nics: [{ name: "nic1" }], disks },
      {
        name: "far-1",
        cluster: "west",
        status: "up",
        disks: [{ alias: "far-1_root", size: 64 * MiB, fill: { seed: `${seed}`, bytes: 24 * MiB } }],
      },
    ],
  });
  for (const { fill } of disks) await rm(fill.image);
  return lab;
};

/** Starts `holdfast standalone` with one agent in cluster east and connects the lab, as an operator would. */
export const openStage = async (run: TestRun, lab: Lab, signal: AbortSignal): Promise<Stage> => {
  const args = ["--agent-manager", "lab", "--agent-cluster", "east"];
  const standalone = await openStandalone({ run, args, signal });
  try {
    const cli = createCommandLine(standalone.holdfast);
    await connectLab(run, lab, cli);
    return {
      dir: run.dir,
      lab,
      cli,
      repositoryDir: join(standalone.dataDir, "repository"),
      stopHoldfast: async () => {
        await standalone.child.stop();
      },
      [Symbol.asyncDispose]: () => standalone[Symbol.asyncDispose](),
    };
  } catch (caught) {
    await standalone[Symbol.asyncDispose]();
    throw caught;
  }
};

const connectLab = async (run: TestRun, { addresses }: Lab, cli: CommandLine): Promise<void> => {
  const passwordFile = join(run.dir, "password");
  await writeFile(passwordFile, `${engineUser.password}\n`, { mode: 0o600 });
  const trust = ["--api-ca", addresses.apiCaFile, "--imageio-ca", addresses.imageioCaFile];
  const login = ["--user", engineUser.name, "--password-file", passwordFile];
  await cli.run("manager", "add", "lab", "--url", addresses.api, ...login, ...trust);
};
