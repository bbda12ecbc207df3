import { afterAll, beforeAll, expect, test } from "vitest";

import type { LabVm } from "../control/control-client.ts";
import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { openTransfer, readyBackup } from "../testing/capture.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let vm: LabVm;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      rows: { succeededMs: 0, failedMs: 0 },
      vms: [{ name: "v", cluster: "live", disks: [{ size: "1MiB" }] }],
    }),
  );
  api = await loggedIn(lab);
  const [first] = await lab.control.listVms();
  if (first === undefined) throw new Error("no VM");
  vm = first;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("rows of what is over vanish when their time has passed: 404 means over", async () => {
  const diskId = vm.disks[0]?.id ?? "";
  const backup = await readyBackup(api, vm.id, [diskId]);
  const transfer = await openTransfer(api, { disk: { id: diskId }, backup: { id: backup.id }, direction: "download" });
  await api.post(`/imagetransfers/${transfer.id}/finalize`);
  await api.until(`/imagetransfers/${transfer.id}`, ({ status, text }) => status === 404 && text === "");
  await api.post(`/vms/${vm.id}/backups/${backup.id}/finalize`);
  await api.until(`/vms/${vm.id}/backups/${backup.id}`, ({ status }) => status === 404);
  expect((await api.get(`/vms/${vm.id}/backups`)).json).toEqual({});
  expect((await api.get(`/vms/${vm.id}/checkpoints`)).json.checkpoint).toHaveLength(1);
});
