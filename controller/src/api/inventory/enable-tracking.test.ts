import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { EnableTrackingRequestSchema } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { expect, test } from "vitest";
import { aDisk, aVm } from "../../capture/testing/vm-fixtures.ts";
import type { VmDetails } from "../../hypervisor/inventory.ts";
import type { ApiDeps } from "../api-deps.ts";
import { enableTracking } from "./enable-tracking.ts";

const off = { incrementalEnabled: false };
const old = { level: { major: 4, minor: 4 } };
const vms: readonly VmDetails[] = [
  aVm([aDisk("d1", off), aDisk("locked", off), aDisk("raw", { ...off, format: "raw" }), aDisk("on")], {
    ...old,
    id: "v1",
    name: "one",
  }),
  aVm([aDisk("d2", off)], { ...old, id: "v2", name: "two" }),
  aVm([], { id: "gone", name: "three" }),
];

/** What was set, with what each disk came to. */
const ask = async (words: MessageInitShape<typeof EnableTrackingRequestSchema>) => {
  const enabled: string[] = [];
  const hypervisor = {
    getVm: (id: string) =>
      id === "gone"
        ? Promise.reject(new HoldfastError("VM_NOT_FOUND", "no such VM"))
        : Promise.resolve(vms.find((vm) => vm.id === id)),
    enableTracking: (vmId: string, diskId: string) => {
      if (diskId === "locked") return Promise.reject(new HoldfastError("ENGINE_CONFLICT", "the disk is locked"));
      enabled.push(`${vmId}/${diskId}`);
      return Promise.resolve();
    },
  };
  const record = { managerId: "m1", name: "prod" };
  const manager = { record, condition: { state: "connected" }, hypervisor, inventory: { vms } };
  const managers = { list: () => [manager], get: () => manager, find: () => manager };
  const deps = { managers, log: memoryLogger() } as unknown as ApiDeps;
  const request = create(EnableTrackingRequestSchema, words);
  const disks = await enableTracking(deps, request, AbortSignal.timeout(5_000));
  return { enabled, outcomes: disks.map(({ vmName, diskId, outcome, code }) => [vmName, diskId, outcome, code]) };
};

test("each disk of many VMs has a result of its own; one that fails, or a VM that is gone, holds no other up", async () => {
  expect(await ask({ vms: ["one", "prod/two", "three"] })).toEqual({
    enabled: expect.arrayContaining(["v1/d1", "v2/d2"]),
    outcomes: [
      ["one", "d1", "enabled", undefined],
      ["one", "locked", "failed", "ENGINE_CONFLICT"],
      ["one", "raw", "impossible", undefined],
      ["one", "on", "already", undefined],
      ["two", "d2", "enabled", undefined],
      ["three", undefined, "failed", "VM_NOT_FOUND"],
    ],
  });
});

test("a dry run sets nothing", async () => {
  const { enabled, outcomes } = await ask({ vms: ["two"], dryRun: true });
  expect(enabled).toEqual([]);
  expect(outcomes).toEqual([["two", "d2", "would-enable", undefined]]);
});

test("only the disks that are named are looked at, and an unknown one is refused", async () => {
  expect((await ask({ vms: ["one", "two"], disks: ["alias-d2"] })).enabled).toEqual(["v2/d2"]);
  await expect(ask({ vms: ["one"], disks: ["d1", "nosuch"] })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a disk may be that of a VM that cannot be looked at: its failure is told, and the others are done", async () => {
  expect(await ask({ vms: ["two", "three"], disks: ["d2", "d3"] })).toEqual({
    enabled: ["v2/d2"],
    outcomes: [
      ["two", "d2", "enabled", undefined],
      ["three", undefined, "failed", "VM_NOT_FOUND"],
    ],
  });
});

test("somebody has to be named", async () => {
  await expect(ask({})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
