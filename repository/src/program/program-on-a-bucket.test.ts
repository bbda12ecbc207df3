import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { openBucketLocation } from "../store/s3/testing/bucket-location.ts";
import { startTlsFront } from "../store/s3/testing/tls-front.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { fullDisk, plainAt } from "../testing/synthetic-disk.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";
import { runProgram } from "./program.ts";

const disk = fullDisk("root", 4, 1, testChunkSize);
const content = Buffer.concat(Array.from({ length: 4 }, (_, position) => plainAt(disk, position, testChunkSize)));

const run = async (...args: readonly string[]) => {
  const texts = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof texts): PassThrough =>
    new PassThrough().on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString("utf8");
    });
  const terminal = { stdout: collect("stdout"), stderr: collect("stderr") };
  const { signal } = new AbortController();
  const code = await runProgram(args, { terminal, clock: systemClock, random: systemRandom, signal });
  return { code, ...texts };
};

test(
  "a repository in a bucket is made, served, backed up to, listed, shown, verified and exported, over TLS with its own authority",
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder();
    await using bucket = await openBucketLocation(folder.path);
    await using front = await startTlsFront(bucket.server.port, folder.path);
    const { credentialsFile, prefix } = bucket.settings;
    const parameters = new URLSearchParams({
      endpoint: front.endpoint,
      credentialsFile,
      caFile: front.certificateFile,
    });
    const location = `s3://${bucket.settings.bucket}/${prefix}?${parameters.toString()}`;

    const made = await run("init", location, "--chunk-size", String(testChunkSize));
    expect(made).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`s3://${bucket.settings.bucket}/${prefix}\n`),
    });
    const puts = bucket.server.requests.filter(({ method, key }) => method === "PUT" && key !== "");
    expect(new Set(puts.map(({ headers }) => headers["x-amz-content-sha256"]))).toEqual(new Set(["UNSIGNED-PAYLOAD"]));
    expect(await run("init", location)).toMatchObject({ code: 73 });
    const s3 = { ...bucket.settings, endpoint: front.endpoint, caFile: front.certificateFile };
    {
      await using server = await openTestServer({ directory: "", store: { s3 } }, { folder: folder.path });
      expect(server.server.facts.chunkSize).toBe(testChunkSize);
      await new TestWriter(server.client, server.repositoryId).backup({ taskId: "good", disks: [disk], capturedMs: 1 });
    }

    expect((await run("list", location)).stdout).toContain("good");
    expect(JSON.parse((await run("show", location, "good", "-o", "json")).stdout)).toMatchObject({ pointId: "good" });
    expect(await run("verify", location)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("good good: 4 chunks"),
    });
    const to = join(folder.path, "root.raw");
    expect(await run("export", location, "good", "--disk", "root", "--to", to)).toMatchObject({ code: 0 });
    expect(Buffer.compare(await readFile(to), content)).toBe(0);
  },
);

test("what is wrong with a bucket is said by its code, and no secret with it", async () => {
  await using folder = await temporaryFolder();
  await using bucket = await openBucketLocation(folder.path);
  await using front = await startTlsFront(bucket.server.port, folder.path);
  const untrusted = bucket.location.replace(
    encodeURIComponent(bucket.server.endpoint),
    encodeURIComponent(front.endpoint),
  );
  expect(await run("list", untrusted)).toMatchObject({ code: 77, stderr: expect.stringContaining("is not trusted") });
  expect(await run("list", bucket.location)).toMatchObject({ code: 66 });
  const keyless = await run("list", `s3://bucket/a?endpoint=${bucket.server.endpoint}&credentialsFile=/nowhere`);
  expect(keyless).toMatchObject({ code: 78 });
  const secret = await run("list", "s3://id:top-secret@bucket/a");
  expect(secret).toMatchObject({ code: 64 });
  expect(secret.stderr).not.toContain("top-secret");
});
