import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { finishBackup, readyBackup } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let vm: LabVm;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      incrementalFrom: "4.4",
      clusters: [{ name: "c", version: "4.4" }],
      hosts: [{ name: "h", cluster: "c" }],
      vms: [
        {
          name: "old",
          cluster: "c",
          status: "up",
          disks: [
            { alias: "on", size: "64KiB" },
            { alias: "off", size: "64KiB", incremental: false },
          ],
        },
      ],
    }),
  );
  api = await loggedIn(lab);
  const [found] = await lab.control.listVms();
  if (found === undefined) throw new Error("no VM");
  vm = found;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("below level 4.5 an increment is refused when a disk lacks the flag or is not in the checkpoint", async () => {
  const all = vm.disks.map(({ id }) => id);
  const [on = "", off = ""] = all;
  const first = await readyBackup(api, vm.id, all);
  await finishBackup(api, vm.id, first.id);
  const checkpoint: string = first.to_checkpoint_id;
  const tracked = (await api.get(`/vms/${vm.id}/checkpoints/${checkpoint}/disks`)).json.disk as { id: string }[];
  expect(tracked.map(({ id }) => id)).toEqual([on]);

  const increment = (ids: readonly string[]) =>
    api.post(`/vms/${vm.id}/backups`, { disks: { disk: ids.map((id) => ({ id })) }, from_checkpoint_id: checkpoint });
  expect(await increment(all)).toMatchObject({
    status: 409,
    json: { detail: "[Cannot backup VM. Incremental backup is disabled for the following disks: off.]" },
  });
  const body = { disk: { backup: "incremental" } };
  const edited = await api.call("PUT", `/vms/${vm.id}/diskattachments/${off}`, { body });
  expect(edited.status).toBe(200);
  expect((await api.get(`/disks/${off}`)).json.backup).toBe("incremental");
  expect(await increment(all)).toMatchObject({
    status: 400,
    json: { detail: "[Cannot backup VM. The following disks are not included in the previous VM backup: off.]" },
  });
  const changes = await readyBackup(api, vm.id, [on], { from_checkpoint_id: checkpoint });
  await finishBackup(api, vm.id, changes.id);
});
