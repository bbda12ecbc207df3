import { until } from "../harness/until.ts";
import { powerPeriods } from "../harness/power-periods.ts";
import type { LabVm } from "../simulator/control/control-client.ts";
import type { VmHistory } from "../simulator/model/vm-history.ts";
import { type Play, backUp, exportAndCompare } from "./acts.ts";

const worker = "w-west";

/** far-1 is read by a worker of its own cluster that is made and launched for it, and suspended when that is done. */
export const backUpByWorker = async (play: Play, far: LabVm): Promise<void> => {
  const { narrator, stage } = play;
  const { cli } = stage;
  await cli.run("worker", "add", worker, "--manager", "lab", "--cluster", "west", ...shape);
  if ((await findHistory(play)) !== undefined) throw new Error(`${worker} was made before anything needed it`);
  await cli.run("job", "create", "far", "--vm", "far-1", "--repository", "main", "--codec", "lz4");
  const backup = await backUp(play, far, "far", "full backup");
  narrator.tell(`placement: ${backup.task.placement}`);
  if (backup.task.agentName !== worker) throw new Error(`far-1 was backed up by ${backup.task.agentName}`);
  await exportAndCompare(play, backup, false);
  await backup.reference.remove();
  await tellSuspended(play);
};

/** With the worker gone, an agent of another cluster stands in. */
export const backUpWithoutWorker = async (play: Play, far: LabVm): Promise<void> => {
  const { cli } = play.stage;
  await cli.run("worker", "remove", worker, "--yes");
  await until(`${worker} to be gone from the engine`, async () => lastOf(await findHistory(play)) === "removed");
  const { task, reference } = await backUp(play, far, "far", "incremental");
  await reference.remove();
  play.narrator.tell(`placement: ${task.placement}`);
  if (!task.placement.includes("another cluster")) throw new Error("far-1 was not placed in another cluster");
};

/** One VM at once, the template that the lab has for it, and no waiting about. */
const shape = ["--template", "holdfast-worker", "--tasks", "1", "--idle-delay", "1"];

const tellSuspended = async (play: Play): Promise<void> => {
  const history = await until(`${worker} to be suspended`, async () => {
    const found = await findHistory(play);
    return lastOf(found) === "suspended" && found;
  });
  const [period] = powerPeriods(history);
  if (period === undefined) throw new Error(`${worker} never ran`);
  const path = history.changes.map(({ status }) => status).filter((status) => status !== "image_locked");
  play.narrator.tell(
    `the engine's record of ${worker}: ${path.join(", ")}; it ran for ${((period.toMs - period.fromMs) / 1000).toFixed(1)} s`,
  );
};

const findHistory = async ({ stage }: Play): Promise<VmHistory | undefined> =>
  (await stage.lab.control.vmHistories()).find(({ name }) => name === worker);

const lastOf = (history: VmHistory | undefined): string => history?.changes.at(-1)?.status ?? "";
