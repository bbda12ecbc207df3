import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { finishBackup, readyBackup } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      vms: [{ name: "v", cluster: "live", status: "up", disks: [{ alias: "root", size: "1MiB", fill: { seed: 1 } }] }],
    }),
  );
  api = await loggedIn(lab);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const theVm = async (): Promise<{ readonly id: string; readonly diskId: string }> => {
  const [vm] = await lab.control.listVms();
  return { id: vm?.id ?? "", diskId: vm?.disks[0]?.id ?? "" };
};

const refusal = async (): Promise<string> => {
  const { id, diskId } = await theVm();
  const { status, json } = await api.post(`/vms/${id}/backups`, { disks: { disk: [{ id: diskId }] } });
  return `${status} ${json.detail}`;
};

test("a disk that the lab holds is locked for everybody, and free again afterwards", async () => {
  const { id, diskId } = await theVm();
  await lab.control.hindrances.lockDisk(diskId, true);
  expect((await api.get(`/disks/${diskId}`)).json.status).toBe("locked");
  expect(await refusal()).toBe(
    "409 [Cannot backup VM. The following disks are locked: root. Please try again in a few minutes.]",
  );
  await lab.control.hindrances.lockDisk(diskId, false);
  expect((await api.get(`/disks/${diskId}`)).json.status).toBe("ok");
  await finishBackup(api, id, (await readyBackup(api, id, [diskId])).id);
});

test("a VM is shown in the status that the lab says, and another product's backup is one like any other", async () => {
  const { id } = await theVm();
  await lab.control.hindrances.showStatus(id, "paused");
  expect(await refusal()).toBe("409 [Cannot backup VM. The Virtual Machine should be in Up or Down status.]");
  await lab.control.hindrances.showStatus(id, "up");
  const backupId = await lab.control.hindrances.beginBackup(id);
  await api.until(`/vms/${id}/backups/${backupId}`, ({ json }) => json.phase === "ready");
  expect(await refusal()).toBe("409 [Cannot backup VM. The VM is during a backup operation.]");
  await lab.control.hindrances.endBackup(backupId);
  await api.until(`/vms/${id}/backups/${backupId}`, ({ json }) => json.phase === "succeeded");
  const told = (await lab.control.hindrances.events()).filter(({ description }) => description.includes(backupId));
  expect(told.map(({ code, madeBy }) => [code, madeBy])).toEqual([
    [10_790, "lab"],
    [10_794, "lab"],
    [10_793, "lab"],
  ]);
});
