import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { finishBackup, readyBackup } from "../testing/capture.ts";
import { type Lab, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  lab = await startLab();
  api = await loggedIn(lab);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("a guest writes through a backup; its log places ready among the writes, and the reference is of that moment", async () => {
  const vm = await lab.control.addVm({
    name: "busy",
    cluster: "hybrid",
    status: "up",
    disks: [{ size: "4MiB", fill: { seed: "x" } }],
  });
  const diskId = vm.disks[0]?.id ?? "";
  await lab.control.startWriter(vm.id, { seed: 42, pauseMs: 1, maxLengthBytes: 65_536 });
  const written = async (): Promise<number> => (await lab.control.readWriter(vm.id))[0]?.writes.length ?? 0;
  const untilWritten = async (more: number): Promise<void> => {
    const goal = (await written()) + more;
    while ((await written()) < goal) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await untilWritten(5);
  const reference = join(lab.directory, "ref");
  await lab.control.copyAtReady(vm.id, reference);
  const backup = await readyBackup(api, vm.id, [diskId]);
  await untilWritten(5);
  const late = join(lab.directory, "late");
  await lab.control.copyBackup(backup.id, late);
  await finishBackup(api, vm.id, backup.id);
  const [log] = await lab.control.stopWriter(vm.id);
  expect(log?.failure).toBeUndefined();
  expect(log?.marks.map((mark) => mark.phase)).toEqual(["ready", "finalizing"]);
  const readyAt = log?.marks[0]?.moment ?? 0;
  expect(log?.writes.filter((write) => write.beganAt > readyAt).length).toBeGreaterThanOrEqual(5);
  const [first, second] = await Promise.all([reference, late].map((path) => readFile(join(path, `${diskId}.raw`))));
  expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
});

test("VMs and disks come and go by the control endpoint", async () => {
  const vm = await lab.control.addVm({ name: "short", disks: [{ size: "1MiB" }] });
  const diskId = await lab.control.addDisk(vm.id, { alias: "more", size: "1MiB" });
  expect((await lab.control.getVm(vm.id)).disks).toHaveLength(2);
  await lab.control.growDisk(diskId, 2 ** 21);
  await lab.control.removeDisk(vm.id, diskId);
  await lab.control.removeVm(vm.id);
  await api.until(`/vms/${vm.id}`, ({ status }) => status === 404);
  await expect(lab.control.getVm(vm.id)).rejects.toThrow("404");
  expect((await lab.control.leftovers()).strayVolumes).toEqual([]);
});

test("a power cut leaves unsound bitmaps: the next live increment is refused by the host", async () => {
  const vm = await lab.control.addVm({ name: "cut", cluster: "live", status: "up", disks: [{ size: "1MiB" }] });
  const diskId = vm.disks[0]?.id ?? "";
  const backup = await readyBackup(api, vm.id, [diskId]);
  await finishBackup(api, vm.id, backup.id);
  await lab.control.crashVm(vm.id);
  expect((await api.get(`/vms/${vm.id}`)).json.status).toBe("down");
  await lab.control.startVm(vm.id);
  const next = await api.post(`/vms/${vm.id}/backups`, {
    disks: { disk: [{ id: diskId }] },
    from_checkpoint_id: backup.to_checkpoint_id,
  });
  await api.untilPhase(`/vms/${vm.id}/backups/${next.json.id}`, "failed");
  expect((await api.get(`/vms/${vm.id}/checkpoints`)).json).toEqual({});
});

test("what the control endpoint cannot do it says", async () => {
  await expect(lab.control.addVm({ name: "x", cluster: "none" })).rejects.toThrow("no cluster is named none");
  await expect(lab.control.stopWriter("none")).rejects.toThrow("404");
});
