import { expect, test } from "vitest";
import type { AttachedDisk } from "../hypervisor/inventory.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { examineVm } from "./examine-vm.ts";
import { aDisk, aVm } from "./testing/vm-fixtures.ts";

const never = new AbortController().signal;

const examine = (beside: AttachedDisk, excluded: readonly string[] = []) => {
  const hypervisor = {
    getVm: () => Promise.resolve(aVm([aDisk("d1"), beside])),
    listCaptures: () => Promise.resolve([]),
  } satisfies Partial<Hypervisor> as Partial<Hypervisor> as Hypervisor;
  const request = { vmId: "vm1", base: undefined, excludedDiskIds: new Set(excluded) };
  return examineVm({ hypervisor }, { ...request, engineVersion: "4.5.5" }, never);
};

test.each<[string, Partial<AttachedDisk>]>([
  ["that is not plugged in", { active: false }],
  ["that is shareable", { shareable: true }],
  ["on a LUN of its own", { storageType: "lun" }],
])("a locked disk %s is no hindrance: no capture freezes it", async (_what, change) => {
  const { plan } = await examine(aDisk("d2", { ...change, status: "locked" }));
  expect(plan.disks.map(({ mode }) => mode)).toEqual(["full", "skipped"]);
});

test("a locked disk that the capture would freeze is one, unless the job leaves it out", async () => {
  const locked = aDisk("d2", { status: "locked" });
  await expect(examine(locked)).rejects.toMatchObject({ code: "DISKS_LOCKED" });
  expect((await examine(locked, ["d2"])).plan.disks.map(({ mode }) => mode)).toEqual(["full", "skipped"]);
});
