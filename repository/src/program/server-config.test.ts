import { expect, it } from "vitest";
import { serverConfigSchema } from "./server-config.ts";

const pathsOf = (value: unknown): string[] =>
  serverConfigSchema.safeParse(value).error?.issues.map(({ path }) => path.join(".")) ?? [];

it("says that no place was named together with every other problem", () => {
  expect(pathsOf({ create: "perhaps", chunkSize: 1000 }).toSorted()).toEqual([
    "chunkSize",
    "create",
    "directory",
    "indexPath",
  ]);
});

it("wants a folder or a bucket, and not both", () => {
  const indexPath = "/var/cache/index";
  expect(pathsOf({ indexPath, directory: "/srv/backup" })).toEqual([]);
  expect(pathsOf({ indexPath })).toEqual(["directory"]);
  expect(pathsOf({ indexPath, directory: "/srv/backup", store: { s3: { bucket: "backups" } } })).toEqual(["directory"]);
});
