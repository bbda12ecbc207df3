import { expect, it } from "vitest";
import { changed, fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 8, 1, testChunkSize);

const statistics = async ({ client }: TestServer, refresh = false) => {
  const found: { whole?: Record<string, unknown>; vms: Record<string, unknown>[]; progress: number } = {
    vms: [],
    progress: 0,
  };
  for await (const { part } of client.getStatistics({ refresh })) {
    if (part.case === "whole") found.whole = { ...part.value };
    if (part.case === "vm") found.vms.push({ ...part.value });
    if (part.case === "progress") found.progress += 1;
  }
  return found;
};

const bytes = (vm: Record<string, unknown> | undefined, name: string): number => Number(vm?.[name]);

it("tells each VM's own bytes from shared ones, and what removing it would free", async () => {
  await using server = await openTestServer();
  const writer = new TestWriter(server.client, server.repositoryId);
  // Six of the first VM's eight chunks are the second one's too; its second point has one more of its own.
  await writer.backup({ taskId: "a", vmId: "one", disks: [disk], capturedMs: 1 });
  await writer.backup({ taskId: "b", vmId: "one", base: "a", disks: [changed(disk, { 0: 900 })], capturedMs: 2 });
  await writer.backup({ taskId: "c", vmId: "two", disks: [changed(disk, { 0: 901, 1: 902 })], capturedMs: 3 });

  const { whole, vms, progress } = await statistics(server);
  expect(progress).toBe(4);
  const one = vms.find(({ vmName }) => vmName === "one");
  const two = vms.find(({ vmName }) => vmName === "two");
  expect(one).toMatchObject({ points: 2, logicalBytes: BigInt(16 * testChunkSize) });
  expect(two).toMatchObject({ points: 1, logicalBytes: BigInt(8 * testChunkSize) });
  // Chunks of one size are stored in about one size.
  const chunk = bytes(one, "sharedBytes") / 6;
  expect(bytes(two, "sharedBytes")).toBe(bytes(one, "sharedBytes"));
  expect(bytes(one, "exclusiveBytes") / chunk).toBeCloseTo(3, 0);
  expect(bytes(two, "exclusiveBytes") / chunk).toBeCloseTo(2, 0);
  expect(bytes(one, "freedIfRemovedBytes")).toBe(bytes(one, "exclusiveBytes"));
  const sum = bytes(one, "exclusiveBytes") + bytes(two, "exclusiveBytes") + bytes(one, "sharedBytes");
  expect(whole).toMatchObject({ liveBytes: BigInt(sum), points: 3, vms: 2, logicalBytes: BigInt(24 * testChunkSize) });
  expect(Number(whole?.["storedBytes"])).toBeGreaterThanOrEqual(sum);
});

it("gives a former result again until a new one is asked for", async () => {
  await using server = await openTestServer();
  const writer = new TestWriter(server.client, server.repositoryId);
  await writer.backup({ taskId: "a", disks: [disk] });
  const first = await statistics(server);
  await writer.backup({ taskId: "b", disks: [changed(disk, { 0: 900 })] });
  expect(await statistics(server)).toMatchObject({ progress: 0, whole: { atMs: first.whole?.["atMs"], points: 1 } });
  expect(await statistics(server, true)).toMatchObject({ progress: 2, whole: { points: 2 } });
});

it("can be cancelled, and the next one begins anew", async () => {
  await using server = await openTestServer();
  const writer = new TestWriter(server.client, server.repositoryId);
  await writer.backup({ taskId: "a", vmId: "one", disks: [disk] });
  await writer.backup({ taskId: "b", vmId: "two", disks: [disk] });
  for await (const { part } of server.client.getStatistics({})) if (part.case === "progress") break;
  expect(await statistics(server, true)).toMatchObject({ progress: 4, whole: { points: 2 } });
});
