import { expect, it } from "vitest";
import { checkBalance, toBytes } from "./balance.ts";

const MiB = 1024 * 1024;
const counted = toBytes({ planned: 10, zero: 2, unchanged: 3, fresh: 5 }, 4, MiB);

it("counts what is fresh and was not stored as deduplicated", () => {
  expect(counted).toEqual({
    plannedBytes: 10 * MiB,
    zeroBytes: 2 * MiB,
    unchangedBytes: 3 * MiB,
    deduplicatedBytes: MiB,
    storedBytes: 4 * MiB,
  });
});

it("R8: refuses any other account, with both in words", () => {
  expect(() => {
    checkBalance(counted, counted);
  }).not.toThrow();
  for (const name of Object.keys(counted) as (keyof typeof counted)[]) {
    expect(() => {
      checkBalance({ ...counted, [name]: counted[name] + 1 }, counted);
    }).toThrow(
      expect.objectContaining({ code: "BYTES_UNBALANCED", message: expect.stringContaining("planned 10485760") }),
    );
  }
});
