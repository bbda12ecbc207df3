import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import { captureRefusalOf } from "./capture-refusals.ts";
import { errorOfAnswer } from "./faults.ts";

const refused = (status: number, detail: string): unknown => {
  const text = JSON.stringify({ reason: "Operation Failed", detail: `[Cannot backup VM. ${detail}]` });
  return captureRefusalOf(errorOfAnswer({ status, mediaType: "application/json", text }, "POST /vms/V/backups"));
};

test.each([
  [409, "Backup of Hosted Engine VM is not supported.", "HOSTED_ENGINE_VM", false],
  [409, "The VM is during a backup operation.", "VM_IN_BACKUP", true],
  [409, "The VM backup operation is currently in progress. Please try again later.", "VM_IN_BACKUP", true],
  [409, "The Virtual Machine should be in Up or Down status.", "VM_STATE_UNFIT", true],
  [409, "VM is previewing a Snapshot.", "VM_PREVIEWING", true],
  [409, "The following disks are locked: A. Please try again in a few minutes.", "DISKS_LOCKED", true],
  [409, "VM is locked. Please try again in a few minutes.", "DISKS_LOCKED", true],
  [409, "The following disks are not active on VM v: d1", "DISKS_CHANGED", true],
  [400, "The following disks do not exist: d1.", "DISKS_CHANGED", true],
  [409, "Backup is not supported by the host (h1).", "CAPTURE_NOT_SUPPORTED", false],
  [409, "Host (h1) is running on a version lower than 4.4.5.", "CAPTURE_NOT_SUPPORTED", false],
  [409, "Bitmaps operations are not supported.", "CAPTURE_NOT_SUPPORTED", false],
  [400, "Incremental backup is not supported.", "CHECKPOINT_UNUSABLE", false],
  [409, "Incremental backup is disabled for the following disks: d0", "CHECKPOINT_UNUSABLE", false],
  [400, "Checkpoint ID c doesn't exist.", "CHECKPOINT_UNUSABLE", false],
  [409, "Low disk space on Storage Domain data.", "DOMAIN_SPACE_CRITICAL", true],
  [409, "The VM is during a checkpoint removal operation.", "ENGINE_CONFLICT", true],
  [409, "The relevant Storage Domain's status is Maintenance.", "ENGINE_CONFLICT", true],
  [400, "The description is too long.", "ENGINE_FAULT", false],
])("%i %s is %s, with the engine's words", (status, detail, code, retryable) => {
  expect(refused(status, detail)).toMatchObject({
    code,
    retryable,
    message: expect.stringContaining(detail) as string,
  });
});

test("what is no refusal of the engine stays what it is", () => {
  const bug = new Error("x");
  expect(captureRefusalOf(bug)).toBe(bug);
  const gone = new HoldfastError("ENGINE_UNREACHABLE", "the engine is not there");
  expect(captureRefusalOf(gone)).toBe(gone);
});
