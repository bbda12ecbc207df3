import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { makeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { expect, test } from "vitest";
import { openBucketLocation } from "../store/s3/testing/bucket-location.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { runOnTerminal } from "../testing/run-on-terminal.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";

test("a backup of the installation is kept in a bucket, and taken out of it without a server", async () => {
  await using folder = await temporaryFolder();
  await using bucket = await openBucketLocation(folder.path);
  const { location, settings } = bucket;
  expect(await runOnTerminal("init", location, "--chunk-size", String(testChunkSize))).toMatchObject({ code: 0 });
  const sealed: Uint8Array[] = [];
  {
    await using server = await openTestServer({ directory: "", store: { s3: settings } }, { folder: folder.path });
    for (const number of [1, 2]) {
      const wish = { number, createdMs: number, publicKey: makeRecoveryKey().publicKey };
      const bytes = sealConfiguration(Buffer.alloc(400_000, number), {
        ...wish,
        repositoryId: parseRepositoryId(server.repositoryId),
      });
      sealed.push(bytes);
      await server.client.putConfiguration(
        (async function* () {
          yield { part: { case: "start" as const, value: { number, bytes: bytes.byteLength } } };
          for (let offset = 0; offset < bytes.byteLength; offset += 200_000)
            yield { part: { case: "piece" as const, value: bytes.subarray(offset, offset + 200_000) } };
        })(),
      );
    }
  }
  const to = join(folder.path, "newest.hfcf");
  expect(await runOnTerminal("configuration", "export", location, "--to", to)).toMatchObject({ code: 0 });
  expect(await readFile(to)).toEqual(Buffer.from(sealed[1] ?? []));
});
