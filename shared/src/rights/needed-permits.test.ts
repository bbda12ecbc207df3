import { expect, test } from "vitest";
import { neededPermits, permitsOfCall } from "./needed-permits.ts";

test("each permit is named once, and says what does not work without it", () => {
  const names = neededPermits.map(({ permit }) => permit);
  expect(new Set(names).size).toBe(names.length);
  expect(neededPermits.filter(({ without, features }) => without === "" || features.length === 0)).toEqual([]);
});

test.each([
  ["POST", "/vms/V/backups", ["backup_disk"]],
  ["POST", "/vms/V/backups/B/finalize", ["backup_disk"]],
  ["POST", "/imagetransfers", ["edit_disk_properties"]],
  ["POST", "/imagetransfers/T/cancel", ["create_disk"]],
  ["POST", "/vms/V/diskattachments", ["attach_disk", "configure_vm_storage"]],
  ["DELETE", "/vms/V", ["delete_vm"]],
  ["GET", "/vms/V", []],
])("%s %s needs what the engine asks for", (method, path, permits) => {
  expect(permitsOfCall(method, path)).toEqual(permits);
});
