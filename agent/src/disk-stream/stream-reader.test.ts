import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { openRpcServer } from "@holdfast/shared/rpc/server";
import { describe, expect, it } from "vitest";
import { createDiskService } from "../disk-service/disk-service.ts";
import { type ContractDisk, contractDisk, describeDiskReader } from "../disks/disk-reader-contract.ts";
import { routes } from "../disks/disk-reader.ts";
import { openDisk } from "../disks/open-disk.ts";
import { type ImageServer, openImageServer } from "../imageio/testing/image-server.ts";
import { makeTestIdentity } from "../imageio/testing/test-identity.ts";
import { makeTestInstallation, testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { TaskClaims } from "@holdfast/shared/identity/task-token";
import { LoanBook } from "../disk-service/loan-book.ts";
import { LendingGate } from "../disk-service/lending-gate.ts";
import { openTestTrust } from "../testing/test-trust.ts";
import { holdDisk } from "./hold-disk.ts";
import type { Lender } from "./lender.ts";
import { StreamReader } from "./stream-reader.ts";
import { imageDesk } from "../disks/testing/image-desk.ts";

const installation = await testInstallation();
const borrower = await installation.identity("agent", "borrower");
const claims = { operation: "lend", taskId: "task", attemptId: "attempt", diskId: "disk", lenderId: "lender" } as const;
const { signal } = new AbortController();

/** What one agent is told of another that lends it a disk. */
const lenderAt = (address: string, identity = borrower, wish: Partial<TaskClaims> = {}): Lender => ({
  address,
  agentId: "lender",
  identity,
  taskToken: installation.token(identity, { ...claims, ...wish }),
});

/** An agent that serves a disk, and what another one holds of it. */
const openLent = async ({ bytes, zero, dirty }: ContractDisk, maxReaders = 8) => {
  await using opening = new AsyncDisposableStack();
  const identity = await makeTestIdentity();
  const extents = dirty === undefined ? { zero } : { zero, dirty };
  const image: ImageServer = opening.use(await openImageServer({ identity, disk: bytes, extents, maxReaders }));
  const closed: boolean[] = [];
  const where = { hostName: "", reachableHosts: ["*"], routes };
  const openLoan = (
    { taskId, attemptId, diskId }: { readonly taskId: string; readonly attemptId: string; readonly diskId: string },
    each: AbortSignal,
  ) =>
    openDisk(
      diskId,
      {
        desk: imageDesk(image, bytes.byteLength, closed),
        where,
        identity: borrower,
        clock: systemClock,
        taskId,
        attemptId,
      },
      each,
    );
  const { authority } = installation;
  const trust = opening.use(await openTestTrust(authority.certificatePem, installation.trust()));
  const { admit, permissionOf } = new LendingGate({ agentId: "lender", trust: trust.keeper, clock: systemClock });
  const log = silentLogger;
  const service = createDiskService({
    openLoan,
    loans: new LoanBook(),
    permissionOf,
    clock: systemClock,
    random: systemRandom,
    log,
  });
  const server = opening.use(
    await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(await installation.hold("agent", "lender"), { asksForCertificates: true }),
      services: [service],
      admit,
      log,
    }),
  );
  const loan = {
    lender: lenderAt(server.address),
    loanId: "loan",
    taskId: "task",
    attemptId: "attempt",
    diskId: "disk",
  };
  const held = opening.use(await holdDisk(loan, signal));
  const resources = opening.move();
  const source = { lender: loan.lender, openDiskId: held.openDiskId, sizeBytes: held.sizeBytes };
  return {
    image,
    held,
    loan,
    server,
    trust: trust.keeper,
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
      lender: lenderAt("127.0.0.1:1"),
      loanId: "loan",
      taskId: "task",
      attemptId: "attempt",
      diskId: "disk",
    };
    await expect(holdDisk(loan, signal)).rejects.toMatchObject({ code: "NO_ROUTE_TO_DISK" });
  });

  it.each<[string, Partial<TaskClaims>]>([
    ["another disk", { diskId: "other" }],
    ["another attempt", { attemptId: "other" }],
    ["another task", { taskId: "other" }],
    ["another lender", { lenderId: "other" }],
    ["a backup", { operation: "backup" }],
    ["another installation", { installationId: "other" }],
    ["a time that is long over", { expiresMs: Date.now() - 2 * 86_400_000 }],
  ])("is not opened for a token for %s", async (_, wish) => {
    await using lent = await openLent(contractDisk());
    const lender = lenderAt(lent.server.address, borrower, wish);
    await expect(holdDisk({ ...lent.loan, lender }, signal)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it("is opened for agents alone, with their own token", async () => {
    await using lent = await openLent(contractDisk());
    const { address } = lent.server;
    const thief = await installation.identity("agent", "thief");
    const stolen = { ...lent.loan.lender, identity: thief };
    await expect(holdDisk({ ...lent.loan, lender: stolen }, signal)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
    for (const role of ["controller", "repository", "operator"] as const) {
      const lender = lenderAt(address, await installation.identity(role, "x1"));
      await expect(holdDisk({ ...lent.loan, lender }, signal)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    }
    const elsewhere = await (await makeTestInstallation()).identity("agent", "borrower");
    const foreign = { ...lenderAt(address, elsewhere), identity: { ...elsewhere, caPem: borrower.caPem } };
    await expect(holdDisk({ ...lent.loan, lender: foreign }, signal)).rejects.toMatchObject({
      code: expect.stringMatching(/NO_ROUTE_TO_DISK|PEER_UNTRUSTED/),
    });
    const impostor = { ...lent.loan.lender, agentId: "somebody" };
    await expect(holdDisk({ ...lent.loan, lender: impostor }, signal)).rejects.toMatchObject({
      code: "PEER_UNTRUSTED",
    });
  });

  it("does not exist for another agent, nor for another attempt", async () => {
    await using lent = await openLent(contractDisk());
    const other = await installation.identity("agent", "other");
    const lenders = [lenderAt(lent.server.address, other), lenderAt(lent.server.address, borrower, { attemptId: "x" })];
    for (const lender of lenders) {
      await using reader = new StreamReader({ ...lent.source, lender });
      const reading = Array.fromAsync(reader.extents("zero", signal));
      await expect(reading).rejects.toMatchObject({ code: "DISK_READ_FAILED", cause: { code: "NOT_FOUND" } });
    }
  });

  it("is closed at once when its holder is revoked", async () => {
    await using lent = await openLent(contractDisk());
    const { keyId } = readCertificate(borrower.certificatePem);
    lent.server.endCalls((caller) => caller.keyId === keyId, new HoldfastError("IDENTITY_REVOKED", "revoked"));
    await expect.poll(() => lent.closed).toEqual([true]);
    await lent.trust.accept(installation.trust(2, [{ keyId, name: "borrower", revokedMs: 1 }]));
    await expect(holdDisk(lent.loan, signal)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  });
});
