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
