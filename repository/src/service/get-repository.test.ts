import { expect, it } from "vitest";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

it("tells what was asked of the storage since the server started, by kind", async () => {
  const beforeMs = Date.now();
  await using server = await openTestServer();
  const callsOf = async (kind: string) => {
    const { storeCalls } = await server.client.getRepository({});
    return storeCalls.find((one) => one.kind === kind);
  };
  const { storeCallsSinceMs } = await server.client.getRepository({});
  expect(Number(storeCallsSinceMs)).toBeGreaterThanOrEqual(beforeMs);
  const created = (await callsOf("create"))?.calls ?? 0n;
  expect(created).toBeGreaterThan(0n);
  expect(await callsOf("publish")).toBeUndefined();

  const disk = fullDisk("disk", 4, 1, testChunkSize);
  await new TestWriter(server.client, server.repositoryId).backup({ taskId: "a", disks: [disk] });
  expect(await callsOf("publish")).toMatchObject({ calls: 2n, failures: 0n, retries: 0n });
  expect((await callsOf("write"))?.sentBytes).toBeGreaterThan(4n * 1024n);
  const later = await callsOf("create");
  expect(later?.calls).toBeGreaterThan(created);
  expect(later?.totalMs).toBeGreaterThanOrEqual(later?.slowestMs ?? Infinity);

  for await (const message of server.client.verifyPoint({ pointId: "a" })) expect(message.damaged).toEqual([]);
  expect((await callsOf("read-range"))?.receivedBytes).toBeGreaterThan(4n * 1024n);
});
