import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { findLeftovers } from "../harness/nothing-left.ts";
import { programArguments } from "../harness/programs.ts";
import type { Reference } from "./reference.ts";
import type { LabVm } from "../simulator/control/control-client.ts";
import { type Play, backUp, backUpWhileGuestWrites, exportAndCompare, restoreAndCompare } from "./acts.ts";
import { closingTable, mibText } from "./closing-table.ts";
import { runWell } from "../harness/run-program.ts";
import { backUpByWorker, backUpWithoutWorker } from "./worker-act.ts";

/** The main job from end to end; fails at the first thing that is not as it must be. */
export const playAll = async (play: Play): Promise<void> => {
  const { narrator, stage } = play;
  const app = await findVm(play, "app-1");
  await stage.cli.run("job", "create", "nightly", "--vm", "app-1", "--repository", "main", "--keep-days", "14");

  narrator.step("full backup of app-1, whose two disks hold ext4 file systems");
  const first = await backUp(play, app, "nightly", "full backup");

  narrator.step("the guest of app-1 writes; incremental backup while it goes on writing");
  const second = await backUpWhileGuestWrites(play, app, "nightly");

  narrator.step("the newest point, restored as the new VM app-1-restored");
  await restoreAndCompare(play, second, "app-1-restored");
  await second.reference.remove();

  narrator.step("the first point, taken out as files: it stands alone");
  await exportAndCompare(play, first, true);

  narrator.step("app-2, cloned from app-1 as it was: its chunks are known already");
  await backUpClone(play, first.reference);
  await first.reference.remove();

  const far = await findVm(play, "far-1");
  narrator.step("far-1 in cluster west, where no agent is: a worker is made there, launched, used and suspended");
  await backUpByWorker(play, far);

  narrator.step("the worker is removed: for the next backup of far-1 an agent of another cluster stands in");
  await backUpWithoutWorker(play, far);

  await lookForLeftovers(play);
  await verifyAlone(play);
};

const findVm = async ({ stage }: Play, name: string): Promise<LabVm> => {
  const vm = (await stage.lab.control.listVms()).find((one) => one.name === name);
  if (vm === undefined) throw new Error(`the lab has no VM ${name}`);
  return vm;
};

const backUpClone = async (play: Play, original: Reference): Promise<void> => {
  const { cli, lab } = play.stage;
  const clone = await lab.control.addVm({
    name: "app-2",
    cluster: "east",
    status: "up",
    disks: original.vm.disks.map((disk) => ({
      alias: disk.alias.replace("app-1", "app-2"),
      fill: { image: original.fileOf(disk.id) },
    })),
  });
  await cli.run("job", "create", "clones", "--vm", "app-2", "--repository", "main");
  const backup = await backUp(play, clone, "clones", "full backup");
  await exportAndCompare(play, backup, false);
  await backup.reference.remove();
};

/** What may be there: the VM that was restored, and the checkpoints that the newest points name. */
const lookForLeftovers = async ({ stage, narrator }: Play): Promise<void> => {
  narrator.step("the lab's own list of what is on its engine");
  const { vms, disks, checkpoints } = await stage.lab.control.leftovers();
  const restored = vms.filter(({ name }) => name === "app-1-restored").map(({ id }) => id);
  const kept = new Set(checkpoints.map(({ vmId }) => vmId));
  const found = await findLeftovers(stage.lab, {
    vms: restored,
    disks: disks.filter(({ vmIds }) => vmIds.some((id) => restored.includes(id))).map(({ id }) => id),
    checkpoints: checkpoints.map(({ id }) => id),
  });
  if (found.length > 0) throw new Error(`left on the engine:\n${found.join("\n")}`);
  if (kept.size !== checkpoints.length)
    throw new Error(`a VM keeps more than one checkpoint: ${JSON.stringify(checkpoints)}`);
  narrator.tell(`the restored VM and ${checkpoints.length} checkpoints for the next increments, nothing else of ours`);
};

const verifyAlone = async ({ stage, narrator, signal }: Play): Promise<void> => {
  narrator.step("Holdfast is stopped; the repository alone is read back and verified");
  await stage.stopHoldfast();
  const args = [...programArguments("repository/cli"), "verify", stage.repositoryDir];
  const said = await runWell({ name: "holdfast-repository", command: process.execPath, args }, signal);
  const good = said.split("\n").filter((line) => / good: /.test(line)).length;
  narrator.tell(`${good} points are good`);
};

/** What the demo came to. */
export const closingText = async ({ rows, compared, stage, narrator }: Play): Promise<string> => {
  const backups = rows.filter((row) => !row.what.startsWith("restore"));
  const protectedBytes = backups.reduce((sum, row) => sum + row.sizeBytes, 0);
  const onDisk = await sizeOfFolder(stage.repositoryDir);
  return [
    "",
    closingTable(rows),
    "",
    `${backups.length} points of ${mibText(protectedBytes)} of disks take ${mibText(onDisk)} in the repository (${(protectedBytes / onDisk).toFixed(1)}×)`,
    `${compared} disks were compared with what the lab saw at their moment: all equal, byte for byte`,
    `done in ${(narrator.elapsedMs() / 1000).toFixed(0)} s`,
  ].join("\n");
};

const sizeOfFolder = async (folder: string): Promise<number> => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
};
