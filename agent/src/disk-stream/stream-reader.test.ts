import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { openRpcServer } from "@holdfast/shared/rpc/server";
import { describe, expect, it } from "vitest";
import { createDiskService } from "../disk-service/disk-service.ts";
import { type ContractDisk, contractDisk, describeDiskReader } from "../disks/disk-reader-contract.ts";
import { openDisk } from "../disks/open-disk.ts";
import { type ImageServer, openImageServer } from "../imageio/testing/image-server.ts";
import { makeTestIdentity } from "../imageio/testing/test-identity.ts";
import { holdDisk } from "./hold-disk.ts";
import { StreamReader } from "./stream-reader.ts";
import { imageDesk } from "../disks/testing/image-desk.ts";

const security = { mode: "insecure" } as const;
const { signal } = new AbortController();

/** An agent that serves a disk, and what another one holds of it. */
const openLent = async ({ bytes, zero, dirty }: ContractDisk, maxReaders = 8) => {
  await using opening = new AsyncDisposableStack();
  const identity = await makeTestIdentity();
  const extents = dirty === undefined ? { zero } : { zero, dirty };
  const image: ImageServer = opening.use(await openImageServer({ identity, disk: bytes, extents, maxReaders }));
  const closed: boolean[] = [];
  const where = { hostName: "", reachableHosts: ["*"] };
  const openLoan = (
    { taskId, attemptId, diskId }: { readonly taskId: string; readonly attemptId: string; readonly diskId: string },
    each: AbortSignal,
  ) =>
    openDisk(
      diskId,
      { desk: imageDesk(image, bytes.byteLength, closed), where, security, clock: systemClock, taskId, attemptId },
      each,
    );
  const service = createDiskService({ openLoan, clock: systemClock, random: systemRandom, log: silentLogger });
  const server = opening.use(
    await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(security),
      services: [service],
      log: silentLogger,
    }),
  );
  const loan = {
    address: server.address,
    security,
    loanId: "loan",
    taskId: "task",
    attemptId: "attempt",
    diskId: "disk",
  };
  const held = opening.use(await holdDisk(loan, signal));
  const resources = opening.move();
  const source = { address: server.address, security, openDiskId: held.openDiskId, sizeBytes: held.sizeBytes };
  return {
    image,
    held,
    closed,
    source,
    open: () => new StreamReader(source),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
};

describeDiskReader("a disk of another agent", (disk) => openLent(disk));

describe("a disk that is served to another agent", () => {
  it("keeps the number of readers within what the ticket allows, and lets the rest wait", async () => {
    const disk = contractDisk();
    await using lent = await openLent(disk, 2);
    const readAll = async (): Promise<Buffer> => {
      await using reader = lent.open();
      return Buffer.concat(
        await Array.fromAsync(reader.read({ start: 0, length: disk.bytes.byteLength }, signal), (piece) =>
          Buffer.from(piece),
        ),
      );
    };
    const copies = await Promise.all(Array.from({ length: 5 }, readAll));
    expect(copies.every((copy) => copy.equals(disk.bytes))).toBe(true);
    expect(lent.image.mostReading()).toBeLessThanOrEqual(2);
  });

  it("is closed when its holder lets it go, and is unknown afterwards", async () => {
    const disk = contractDisk();
    await using lent = await openLent(disk);
    await lent.held[Symbol.asyncDispose]();
    await expect.poll(() => lent.closed).toEqual([true]);
    await expect.poll(() => lent.image.openConnections()).toBe(0);
    await using reader = lent.open();
    await expect(Array.fromAsync(reader.extents("zero", signal))).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
  });

  it("cannot be had from an agent that is not there", async () => {
    const loan = {
      address: "127.0.0.1:1",
      security,
      loanId: "loan",
      taskId: "task",
      attemptId: "attempt",
      diskId: "disk",
    };
    await expect(holdDisk(loan, signal)).rejects.toMatchObject({ code: "NO_ROUTE_TO_DISK" });
  });
});
