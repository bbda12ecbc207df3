import { expect, test } from "vitest";

import { errorOfAnswer } from "./faults.ts";

const fault = (status: number, detail: string, reason = "Operation Failed") => ({
  status,
  mediaType: "application/json",
  text: JSON.stringify({ reason, detail }),
});
const html = (status: number) => ({ status, mediaType: "text/html", text: `<html><h1>${status}</h1></html>` });

test.each([
  ["a busy VM", fault(409, "[Cannot backup VM. The VM is during a backup operation.]"), "ENGINE_CONFLICT"],
  [
    "a locked disk",
    fault(409, "[The following disks are locked: a. Please try again in a few minutes.]"),
    "ENGINE_CONFLICT",
  ],
  [
    "a VM in a wrong state",
    fault(409, "[Cannot backup VM. The Virtual Machine should be in Up or Down status.]"),
    "VM_STATE_UNFIT",
  ],
  ["a preview", fault(409, "[Cannot backup VM. VM is previewing a Snapshot.]"), "VM_STATE_UNFIT"],
  ["the hosted engine", fault(409, "[Backup of Hosted Engine VM is not supported]"), "ENGINE_FAULT"],
  [
    "an old host",
    fault(409, "[Host (x) is running on a version lower than 4.4.5, which is required]"),
    "CAPTURE_NOT_SUPPORTED",
  ],
  ["a level without bitmaps", fault(409, "[Bitmaps operations are not supported.]"), "CAPTURE_NOT_SUPPORTED"],
  [
    "tracking switched off",
    fault(409, "[Incremental backup is disabled for the following disks: d]"),
    "CHECKPOINT_UNUSABLE",
  ],
  ["a checkpoint unknown", fault(400, "[Cannot backup VM. Checkpoint ID C doesn't exist.]"), "CHECKPOINT_UNUSABLE"],
  ["a checkpoint invalid", fault(400, "[Checkpoint ID C is invalid and should be removed.]"), "CHECKPOINT_UNUSABLE"],
  [
    "a disk not in the checkpoint",
    fault(400, "[The following disks are not included in the previous VM backup: d]"),
    "CHECKPOINT_UNUSABLE",
  ],
  ["an id that exists", fault(400, "[The specified VM backup ID B already exists.]"), "ALREADY_EXISTS"],
  [
    "a name in use",
    fault(409, "[Cannot add VM. The VM name is already in use, please choose a unique name and try again.]"),
    "ALREADY_EXISTS",
  ],
  ["a MAC in use", fault(409, "[MAC Address (56:6f) is already in use.]"), "ALREADY_EXISTS"],
  [
    "increments that the level does not have",
    fault(400, "[Cannot backup VM. Incremental backup is not supported.]"),
    "CHECKPOINT_UNUSABLE",
  ],
  ["a bad parameter", fault(400, "[Cannot backup VM. The following disks do not exist: d.]"), "ENGINE_FAULT"],
  ["a failure without words", fault(400, "[]"), "ENGINE_FAULT"],
  ["missing rights", fault(403, "User is not authorized to perform this action."), "ENGINE_FORBIDDEN"],
  ["a missing entity", { status: 404, mediaType: "", text: "" }, "NOT_FOUND"],
  ["a failure of the engine", fault(500, "[Internal Engine Error]"), "ENGINE_FAULT"],
  ["a page of the servlet container", html(500), "ENGINE_UNREACHABLE"],
  ["a restarting engine", html(503), "ENGINE_UNREACHABLE"],
  ["a gateway without engine", html(502), "ENGINE_UNREACHABLE"],
  ["a gateway that answers in JSON", fault(503, "starting"), "ENGINE_UNREACHABLE"],
  ["a redirection", html(302), "ENGINE_PROTOCOL"],
])("%s becomes its code", (_, answer, code) => {
  expect(errorOfAnswer(answer, "POST /vms/V/backups")).toMatchObject({ code, details: { status: answer.status } });
});

test("the engine's words stand in the message without its brackets", () => {
  const error = errorOfAnswer(
    fault(409, "[Cannot backup VM. The VM is during a backup operation.]"),
    "POST /vms/V/backups",
  );
  expect(error.message).toBe(
    "POST /vms/V/backups: the object is not free for this now: Cannot backup VM. The VM is during a backup operation.",
  );
});

test("what the user may not do is told with the permits that it takes", () => {
  const refused = fault(403, "User is not authorized to perform this action.");
  expect(errorOfAnswer(refused, "POST /vms/V/backups").message).toBe(
    "POST /vms/V/backups: the engine's user may not do this (it takes backup_disk: see manager test): " +
      "User is not authorized to perform this action.",
  );
  expect(errorOfAnswer(refused, "GET /vms").message).not.toContain("it takes");
});

test("a fault inside a failed action is read too, and a very long one is cut", () => {
  const wrapped = {
    status: 409,
    mediaType: "application/json",
    text: JSON.stringify({ status: "failed", fault: { reason: "r", detail: "[VM is locked.]" } }),
  };
  expect(errorOfAnswer(wrapped, "POST /x").message).toContain("VM is locked.");
  expect(errorOfAnswer(fault(400, "x".repeat(100_000)), "POST /x").message.length).toBeLessThan(1_200);
});

test("a ticket in the engine's words does not reach the error", () => {
  const error = errorOfAnswer(
    fault(400, "[https://h:54322/images/4dc1b1a6-0000-4000-8000-000000000000 failed]"),
    "GET /x",
  );
  expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain("4dc1b1a6");
});
