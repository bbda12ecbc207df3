import { openNbd } from "@holdfast/shared/nbd/connection";
import { expect, test } from "vitest";

import { loggedIn } from "../testing/api-client.ts";
import { finishBackup, finishTransfer, openTransfer, readyBackup } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const config = smallConfig({
  vms: [
    { name: "hybrid", cluster: "hybrid", status: "up", disks: [{ size: "2MiB", fill: { seed: 1 } }] },
    { name: "live", cluster: "live", status: "up", disks: [{ size: "2MiB" }] },
    { name: "cold", cluster: "live", disks: [{ size: "2MiB", fill: { seed: 2 } }] },
  ],
});

const idsOf = async (lab: Lab, name: string): Promise<{ vmId: string; diskId: string }> => {
  const vm = (await lab.control.listVms()).find((one) => one.name === name);
  return { vmId: vm?.id ?? "", diskId: vm?.disks[0]?.id ?? "" };
};

test.each(["SIGTERM", "SIGKILL"] as const)(
  "after %s the same directory gives the same Manager, and captures go on or have failed",
  async (signal) => {
    await using before = await startLab(config);
    await using api = await loggedIn(before);
    const [hybrid, live, cold] = [
      await idsOf(before, "hybrid"),
      await idsOf(before, "live"),
      await idsOf(before, "cold"),
    ];
    const backups = {
      hybrid: await readyBackup(api, hybrid.vmId, [hybrid.diskId]),
      live: await readyBackup(api, live.vmId, [live.diskId]),
      cold: await readyBackup(api, cold.vmId, [cold.diskId]),
    };
    const transfer = await openTransfer(api, {
      disk: { id: cold.diskId },
      backup: { id: backups.cold.id },
      direction: "download",
    });

    const lab = await before.restart(signal);
    try {
      await using images = new ImageClient(lab);
      expect({ ...lab.addresses, pid: 0 }).toEqual({ ...before.addresses, pid: 0 });
      expect(lab.imageioCa).toBe(before.imageioCa);
      await using again = await loggedIn(lab);
      expect((await again.get(`/imagetransfers/${transfer.id}`)).json.phase).toBe("finished_failure");
      expect((await again.get(`/vms/${live.vmId}`)).json.status).toBe("up");
      expect((await again.get(`/vms/${live.vmId}/backups/${backups.live.id}`)).json.phase).toBe("failed");
      for (const [kind, { vmId, diskId }] of [
        ["hybrid", hybrid],
        ["cold", cold],
      ] as const) {
        expect((await again.get(`/vms/${vmId}/backups/${backups[kind].id}`)).json.phase).toBe("ready");
        const next = await openTransfer(again, {
          disk: { id: diskId },
          backup: { id: backups[kind].id },
          direction: "download",
        });
        expect((await images.get(next.transfer_url)).body).toHaveLength(2 * 2 ** 20);
        await finishTransfer(again, next.id);
        await finishBackup(again, vmId, backups[kind].id);
      }
      const [guest] = await lab.control.guestDisks(hybrid.vmId);
      if (guest === undefined) throw new Error("the guest does not run");
      await using connection = await openNbd(guest);
      await connection.write(Buffer.alloc(512, 1), 0);
      const left = await lab.control.leftovers();
      expect(left).toMatchObject({ snapshots: [], backups: [], transfers: [], strayVolumes: [], tickets: 0 });
    } finally {
      await lab[Symbol.asyncDispose]();
    }
  },
);

test("a disk whose conversion was broken off stays what it was", async () => {
  await using before = await startLab(config);
  await using api = await loggedIn(before);
  const { diskId } = await idsOf(before, "cold");
  const { image_id, format } = (await api.get(`/disks/${diskId}`)).json;
  await before.control.setDelays({ taskMs: 600_000 });
  expect((await api.post(`/disks/${diskId}/convert`, { disk: { format: "raw" } })).status).toBe(200);

  const lab = await before.restart("SIGKILL");
  try {
    await using again = await loggedIn(lab);
    expect((await again.get(`/disks/${diskId}`)).json).toMatchObject({ image_id, format, status: "ok" });
    expect(await lab.control.leftovers()).toMatchObject({ strayVolumes: [] });
  } finally {
    await lab[Symbol.asyncDispose]();
  }
});
