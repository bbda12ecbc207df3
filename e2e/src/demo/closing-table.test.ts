import { expect, test } from "vitest";
import { closingTable } from "./closing-table.ts";

const MiB = 1024 * 1024;

test("the closing table aligns sizes, rates and ratios", () => {
  const table = closingTable([
    {
      what: "full backup of app-1",
      sizeBytes: 448 * MiB,
      movedBytes: 260 * MiB,
      deduplicatedBytes: 0,
      newBytes: 260 * MiB,
      packedBytes: 130 * MiB,
      tookMs: 4000,
    },
    {
      what: "restore",
      sizeBytes: 448 * MiB,
      movedBytes: 2.5 * MiB,
      deduplicatedBytes: 0,
      newBytes: 0,
      packedBytes: 0,
      tookMs: 0,
    },
  ]);

  expect(table.split("\n")).toEqual([
    "                        disks    moved  dedup      new   stored  ratio   took      rate",
    "full backup of app-1  448 MiB  260 MiB  0 MiB  260 MiB  130 MiB   2.0×  4.0 s  65 MiB/s",
    "restore               448 MiB  2.5 MiB  0 MiB    0 MiB    0 MiB      -  0.0 s         -",
  ]);
});
