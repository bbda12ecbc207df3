import { create } from "@bufbuild/protobuf";
import { RepositorySchema } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { expect, test } from "vitest";
import { repositoriesTable, repositoryText } from "./repository-text.ts";

const endless = BigInt(Number.MAX_SAFE_INTEGER);

test("a bucket's room is not told as bytes, a folder's is", () => {
  const folder = create(RepositorySchema, { name: "main", freeBytes: 1024n, totalBytes: 4096n });
  const bucket = create(RepositorySchema, { name: "far", freeBytes: endless, totalBytes: endless });
  expect(repositoryText(folder)).toContain("1.00 KiB of 4.00 KiB");
  expect(repositoryText(bucket)).toMatch(/free +not limited\n?/);
  expect(repositoryText(bucket)).not.toContain("PiB");
  expect(repositoriesTable([bucket])).toContain("not limited");
});

test("what was asked of the storage is told by kind, with its sum", () => {
  const calls = { kind: "read-range", calls: 4n, failures: 1n, retries: 1n, receivedBytes: 2048n };
  const one = create(RepositorySchema, {
    name: "main",
    storeCalls: [
      { ...calls, totalMs: 50, slowestMs: 1500 },
      { kind: "create", calls: 2n, sentBytes: 1024n, totalMs: 4, slowestMs: 3 },
    ],
    storeCallsSinceMs: 1000n,
  });
  const text = repositoryText(one);
  expect(text).toContain("storage since 1970-01-01 00:00:01Z: 6 calls, 1 failed, 1 were repetitions");
  expect(text).toMatch(/read-range +4 +1 +1 +0 B +2\.00 KiB +13 ms +1\.5 s/);
  expect(text).toMatch(/create +2 +0 +0 +1\.00 KiB +0 B +2\.0 ms +3\.0 ms/);
  expect(repositoryText(create(RepositorySchema, { name: "main" }))).not.toContain("storage since");
});
