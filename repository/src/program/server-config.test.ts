import { expect, it } from "vitest";
import { codeOf } from "../store/testing/code-of.ts";
import { loadServerConfig } from "./run-server.ts";
import { folderOf, locationOf, serverConfigSchema } from "./server-config.ts";

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

const load = async (env: Readonly<Record<string, string>>) =>
  await loadServerConfig({ configFile: undefined, env: { HOLDFAST_REPOSITORY_INDEX_PATH: "/index", ...env } });

it("takes one place: a folder, a bucket by its location, or a bucket by its settings", async () => {
  const folder = await load({ HOLDFAST_REPOSITORY_DIRECTORY: "/srv" });
  expect([locationOf(folder), folderOf(folder)]).toEqual(["/srv", "/srv"]);
  const byLocation = await load({ HOLDFAST_REPOSITORY_DIRECTORY: "s3://backups/east" });
  expect(folderOf(byLocation)).toBeUndefined();
  const bucket = {
    HOLDFAST_REPOSITORY_STORE_S3_BUCKET: "backups",
    HOLDFAST_REPOSITORY_STORE_S3_ENDPOINT: "https://s3.example.org",
    HOLDFAST_REPOSITORY_STORE_S3_OBJECT_LOCK: "true",
  };
  const bySettings = await load(bucket);
  expect(locationOf(bySettings)).toMatchObject({ bucket: "backups", objectLock: true, partBytes: 8_388_608 });
  expect(folderOf(bySettings)).toBeUndefined();
  expect(await codeOf(load({ ...bucket, HOLDFAST_REPOSITORY_DIRECTORY: "/srv" }))).toBe("CONFIG_INVALID");
  expect(await codeOf(load({}))).toBe("CONFIG_INVALID");
});
