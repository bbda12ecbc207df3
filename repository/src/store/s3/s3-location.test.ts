import { chmod, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import { codeOf } from "../testing/code-of.ts";
import { temporaryFolder } from "../testing/sample-repository.ts";
import { readS3Credentials } from "./s3-credentials.ts";
import { parseS3Location, toS3Text } from "./s3-location.ts";

test("a location says bucket, prefix and settings by their names", () => {
  const settings = parseS3Location(
    "s3://backups/east/one?endpoint=https://s3.example.org:9000&region=eu-1&caFile=/etc/ca.pem&objectLock=true&partBytes=16777216",
  );
  expect(settings).toMatchObject({
    endpoint: "https://s3.example.org:9000",
    region: "eu-1",
    bucket: "backups",
    prefix: "east/one",
    caFile: "/etc/ca.pem",
    objectLock: true,
    soleWriter: false,
    partBytes: 16_777_216,
  });
  expect(toS3Text(settings)).toBe("s3://backups/east/one");
  expect(parseS3Location("s3://backups")).toMatchObject({ prefix: "", region: "us-east-1" });
});

test("a location with secrets, unknown or senseless settings is refused, and no secret is repeated", () => {
  for (const location of [
    "s3://key:secret@backups/a",
    "s3://backups/a?secretAccessKey=secret",
    "s3://backups/a?objectLock=perhaps",
    "s3://backups/a?partBytes=1",
    "s3://backups/a//b",
    "s3://backups?bucket=other",
    "s3://",
  ]) {
    let error: unknown;
    try {
      parseS3Location(location);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((error as HoldfastError).message).not.toContain("=secret");
    expect((error as HoldfastError).message).not.toContain("key:secret");
  }
});

test("a key comes from a file of its owner alone, or from the environment, and cannot be printed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "s3");
  await writeFile(path, "[default]\naws_access_key_id = KEY\n# old\naws_secret_access_key=top/secret+=\n", {
    mode: 0o600,
  });
  const found = await readS3Credentials(path, {});
  expect(found.accessKeyId).toBe("KEY");
  expect(found.secretAccessKey.reveal()).toBe("top/secret+=");
  expect(inspect(found)).not.toContain("top/");
  await chmod(path, 0o644);
  expect(await codeOf(readS3Credentials(path, {}))).toBe("CONFIG_INVALID");
  const env = { AWS_ACCESS_KEY_ID: "E", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" };
  expect((await readS3Credentials("", env)).sessionToken?.reveal()).toBe("t");
  expect(await codeOf(readS3Credentials("", { AWS_ACCESS_KEY_ID: "E" }))).toBe("CONFIG_INVALID");
});
