import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, test } from "vitest";
import { awaitReady, beginCapture } from "../capture/begin-capture.ts";
import { examineVm } from "../capture/examine-vm.ts";
import { closeDisk, openDisk } from "../capture/open-disk.ts";
import { plainVm, startLab } from "../engine/testing/start-simulator.ts";
import { captureIdOf } from "../hypervisor/marks.ts";
import { createOvirtEngines } from "./ovirt-engines.ts";

const never = new AbortController().signal;

test("a manager is tested: address, login, rights, anchors, and the host whose port a transfer under way tells", async () => {
  await using lab = await startLab();
  const vm = await lab.addVm(plainVm("tested"));
  const owner = { installationId: "inst", taskId: "t", attemptNumber: 1, attemptId: "a" };
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: new Set() }, never);
  const request = { owner, vmId: vm.id, vmStatus: "up", plan };
  await beginCapture(lab.deps, request, never);
  await awaitReady(lab.deps, request, never);
  const diskId = vm.disks[0]?.id ?? "";
  const download = { owner, diskId, direction: "download", captureId: captureIdOf(owner), repeated: false } as const;
  // An engine goes on listing one that is over.
  const over = await openDisk(lab.deps, download, async () => undefined, never);
  await closeDisk(lab.deps, { transferId: over.transferId, direction: "download", succeeded: true }, never);
  expect(await lab.hypervisor.listTransfers(never)).toHaveLength(1);
  const { transferUrl } = await openDisk(lab.deps, { ...download, repeated: true }, async () => undefined, never);

  const engines = createOvirtEngines(systemClock, silentLogger);
  const checks = await engines.test(
    lab.hypervisor,
    { ...lab, username: "admin@internal", engineInstanceId: "" },
    never,
  );
  expect(checks.map(({ name, message }) => [name, message])).toEqual([
    ["address and anchor of the API", expect.stringContaining("is signed by the pinned anchor")],
    ["login", "admin@internal is let in"],
    ["engine version", expect.stringMatching(/^4\.5\.6\S* is supported$/)],
    ["compatibility levels", "changes are tracked in all clusters"],
    ["inventory", "1 VMs, 1 hosts, 1 clusters"],
    ["image transfers", "1 under way"],
    ["rights", expect.stringMatching(/^all \d+ permits are there$/)],
    ["imageio of host h1", `127.0.0.1:${URL.parse(transferUrl)?.port} is signed by the pinned anchor`],
    ["API anchor's validity", expect.stringContaining("days left")],
    ["imageio anchor's validity", expect.stringContaining("days left")],
  ]);
  expect(checks.every(({ skipped }) => !skipped)).toBe(true);
});
