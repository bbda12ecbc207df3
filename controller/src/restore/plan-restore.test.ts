import type { Manifest } from "@holdfast/shared/format/manifest";
import { describe, expect, it } from "vitest";
import type { StorageDomain } from "../hypervisor/inventory.ts";
import type { SavedDisk, VmConfiguration } from "../hypervisor/vm-configuration.ts";
import { testInventory } from "../testing/scripted-engine.ts";
import { type RestoreManager, type RestoreWish, planRestore } from "./plan-restore.ts";

const saved = (id: string, alias: string): SavedDisk => ({
  id,
  alias,
  sizeBytes: 10,
  format: "cow",
  sparse: true,
  interface: "virtio",
  bootable: false,
  active: true,
  readOnly: false,
  wipeAfterDelete: false,
  incrementalEnabled: true,
  storageDomainId: "sd1",
  storageDomainName: "data",
});

const point = {
  manifest: {
    clear: {
      vm: { engineInstanceId: "e1", vmId: "v" },
      disks: [
        { diskId: "d1", sizeBytes: 20, mode: "full" },
        { diskId: "d2", sizeBytes: 10, mode: "skipped" },
      ],
    },
    sealed: { managerName: "east", clusterName: "c1" },
  } as unknown as Manifest,
  configuration: { clusterId: "gone", disks: [saved("d1", "root"), saved("d2", "left")] } as unknown as VmConfiguration,
};

const domain = (id: string, facts: Partial<StorageDomain> = {}): StorageDomain => ({
  id,
  name: `name-${id}`,
  type: "data",
  storageType: "nfs",
  dataCenterIds: ["dc"],
  availableBytes: 1,
  usedBytes: 1,
  blockedBelowBytes: undefined,
  forBackup: false,
  ...facts,
});

const manager = (domains: readonly StorageDomain[], facts: Partial<RestoreManager> = {}): RestoreManager => ({
  managerId: "m1",
  name: "east",
  engineInstanceId: "e1",
  inventory: { ...testInventory([]), storageDomains: domains },
  ...facts,
});

const wish: RestoreWish = { manager: "", cluster: "", storageDomain: "", disk: "" };

describe("planning a restore", () => {
  it("goes where the point came from, with the disks that are in it, and tells which are not", () => {
    const plan = planRestore(point, wish, [manager([domain("sd1"), domain("sd2")])]);
    expect(plan).toMatchObject({ managerId: "m1", cluster: { name: "c1" } });
    expect(plan.targets.map((target) => [target.saved.id, target.saved.sizeBytes, target.domain.id])).toStrictEqual([
      ["d1", 20, "sd1"],
    ]);
    expect(plan.remarks).toMatchObject([{ level: "warning", code: "DISK_NOT_IN_POINT", diskId: "d2" }]);
  });

  it("goes where it is told to", () => {
    const west = manager([domain("sd9")], { managerId: "m2", name: "west", engineInstanceId: "e2" });
    const plan = planRestore(point, { ...wish, manager: "west", cluster: "c2", storageDomain: "name-sd9" }, [
      manager([]),
      west,
    ]);
    expect(plan).toMatchObject({ managerId: "m2", cluster: { id: "c2" }, targets: [{ domain: { id: "sd9" } }] });
  });

  it("takes the only storage domain there is when the disk's own is gone, and asks when there are several", () => {
    expect(planRestore(point, wish, [manager([domain("sd7")])]).targets).toMatchObject([{ domain: { id: "sd7" } }]);
    expect(() => planRestore(point, wish, [manager([domain("sd7"), domain("sd8")])])).toThrow(
      "name one of name-sd7, name-sd8",
    );
  });

  it("never uses a domain that VMs cannot run from or that another data center has", () => {
    const unfit = [
      domain("sd1", { type: "iso" }),
      domain("sd2", { forBackup: true }),
      domain("sd3", { dataCenterIds: ["other"] }),
    ];
    expect(planRestore(point, wish, [manager([...unfit, domain("sd4")])]).targets).toMatchObject([
      { domain: { id: "sd4" } },
    ]);
  });

  it("restores one disk by id or alias, and refuses one that is not in the point", () => {
    const managers = [manager([domain("sd1")])];
    expect(planRestore(point, { ...wish, disk: "root" }, managers).targets).toHaveLength(1);
    expect(planRestore(point, { ...wish, disk: "d1" }, managers).remarks).toStrictEqual([]);
    expect(() => planRestore(point, { ...wish, disk: "left" }, managers)).toThrow("the point has no disk left");
  });

  it("says what is missing: the manager, the cluster, the inventory", () => {
    expect(() => planRestore(point, wish, [])).toThrow("which is not connected: name another");
    expect(() => planRestore(point, { ...wish, manager: "x" }, [])).toThrow("no manager x");
    expect(() => planRestore(point, { ...wish, cluster: "x" }, [manager([])])).toThrow(
      "no cluster x on this manager: name one of c1, c2",
    );
    expect(() => planRestore(point, wish, [manager([], { inventory: undefined })])).toThrow(
      "has not told its inventory yet",
    );
  });
});
