import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import { whyNoChanges } from "./why-no-changes.ts";

const error = (code: "CHECKPOINT_UNUSABLE" | "ENGINE_FAULT" | "ENGINE_CONFLICT", detail: string): HoldfastError =>
  new HoldfastError(code, detail, { details: { detail } });

test.each([
  [error("CHECKPOINT_UNUSABLE", "[Cannot backup VM. Checkpoint ID C doesn't exist.]"), "checkpoint-missing"],
  [error("CHECKPOINT_UNUSABLE", "[Checkpoint ID C is invalid and should be removed.]"), "checkpoint-invalid"],
  [
    error("CHECKPOINT_UNUSABLE", "[The following disks are not included in the previous VM backup: d]"),
    "checkpoint-refused",
  ],
  [error("ENGINE_FAULT", "[Cannot backup VM. Incremental backup is not supported.]"), "checkpoint-refused"],
  [error("ENGINE_FAULT", "[Cannot backup VM. The disk does not exist.]"), undefined],
  [error("ENGINE_CONFLICT", "[The VM is during a backup operation.]"), undefined],
  [new Error("a bug"), undefined],
])("%s costs tracking for %s", (caught, reason) => {
  expect(whyNoChanges(caught)).toBe(reason);
});
