import { afterAll, beforeAll, expect, test } from "vitest";

import { type Lab, plainVm, startLab } from "../engine/testing/start-simulator.ts";
import { type Owner, captureIdOf, correlationIdOf } from "../hypervisor/marks.ts";
import { awaitReady, beginCapture } from "./begin-capture.ts";
import { endCapture } from "./end-capture.ts";
import { examineVm } from "./examine-vm.ts";

const never = new AbortController().signal;
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ delays: { phaseMs: 400, taskMs: 200 } });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const ownerOf = (taskId: string): Owner => ({ installationId: "inst", taskId, attemptNumber: 1, attemptId: "a" });

const begin = async (owner: Owner, name: string) => {
  const vm = await lab.addVm(plainVm(name));
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: new Set() }, never);
  const request = { owner, vmId: vm.id, vmStatus: "up", plan };
  await beginCapture(lab.deps, request, never);
  return request;
};

const end = (owner: Owner, vmId: string) =>
  endCapture(lab.deps, { vmId, captureId: captureIdOf(owner), correlationId: correlationIdOf(owner) }, never);

const nothingRuns = { backups: [], transfers: [], snapshots: [], checkpoints: [], tickets: 0, strayVolumes: [] };

test("R6: a capture that is ended before it is ready is aborted and leaves nothing", async () => {
  const owner = ownerOf("early");
  const { vmId } = await begin(owner, "vm-early");
  expect(await lab.hypervisor.getCapture(vmId, captureIdOf(owner), never)).toMatchObject({ phase: "initializing" });
  expect(await end(owner, vmId)).toEqual({ outcome: "failed", remarks: [] });
  expect(await lab.leftovers()).toMatchObject(nothingRuns);
});

test("waiting for a slow capture ends with the signal, and the capture is ended afterwards", async () => {
  const owner = ownerOf("stopped");
  const request = await begin(owner, "vm-stopped");
  const stop = new AbortController();
  const waiting = awaitReady(lab.deps, request, stop.signal);
  stop.abort(new Error("the operator cancelled"));
  await expect(waiting).rejects.toThrow("the operator cancelled");
  await end(owner, request.vmId);
  expect(await lab.leftovers()).toMatchObject(nothingRuns);
});

test("a capture that is not ready in time is TIMEOUT", async () => {
  const owner = ownerOf("late");
  const request = await begin(owner, "vm-late");
  await expect(awaitReady(lab.deps, { ...request, readyMs: 50 }, never)).rejects.toMatchObject({ code: "TIMEOUT" });
  await end(owner, request.vmId);
});

test("an end that the engine did not hear, whatever it answered, is told again", async () => {
  const owner = ownerOf("deaf");
  const request = await begin(owner, "vm-deaf");
  await awaitReady(lab.deps, request, never);
  const what = { kind: "status", status: 404, reason: "Operation Failed", detail: "Entity not found" };
  await lab.control("POST", "/rules", { match: { call: "POST /vms/*/backups/*/finalize" }, which: { nth: 1 }, what });
  expect(await end(owner, request.vmId)).toMatchObject({ outcome: "succeeded" });
  await lab.control("DELETE", "/rules");
  expect((await lab.leftovers()).backups).toEqual([]);
});
