import { expect, test } from "vitest";
import type { AttachedDisk } from "../hypervisor/inventory.ts";
import { aDisk } from "./testing/vm-fixtures.ts";
import { chooseTracking } from "./tracking-choice.ts";

const off: Partial<AttachedDisk> = { incrementalEnabled: false };

test.each<[string, number, Partial<AttachedDisk>, string]>([
  ["of level 4.4 without the flag", 4, off, "enable"],
  ["of level 4.4 with the flag", 4, {}, "already"],
  ["of level 4.5 without the flag, which nobody looks at there", 5, off, "not-needed"],
  ["that is raw", 4, { ...off, format: "raw" }, "impossible"],
  ["that is raw on level 4.7", 7, { ...off, format: "raw" }, "impossible"],
  ["that is shareable", 4, { ...off, shareable: true }, "impossible"],
  ["that is a direct LUN", 4, { ...off, storageType: "lun" }, "impossible"],
])("a disk %s", (...row) => {
  const [, minor, disk, choice] = row;
  expect(chooseTracking({ level: { major: 4, minor } }, aDisk("d", disk)).choice).toBe(choice);
});
