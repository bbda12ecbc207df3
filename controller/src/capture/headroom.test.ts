import { expect, test } from "vitest";
import type { StorageDomain } from "../hypervisor/inventory.ts";
import { type HeadroomQuestion, whyHeadroomLost, whyNoHeadroom } from "./headroom.ts";
import { headroomPolicySchema } from "./headroom-policy.ts";
import { aDisk } from "./testing/vm-fixtures.ts";

const gib = 2 ** 30;
const policy = headroomPolicySchema.parse({});

const domain = (availableGib: number | undefined, change: Partial<StorageDomain> = {}): StorageDomain => ({
  id: "sd1",
  name: "data",
  type: "data",
  storageType: "nfs",
  dataCenterIds: ["dc"],
  availableBytes: availableGib === undefined ? undefined : availableGib * gib,
  usedBytes: 0,
  blockedBelowBytes: 5 * gib,
  forBackup: false,
  ...change,
});

const question = (domains: readonly StorageDomain[], sizesGib: readonly number[] = [100]): HeadroomQuestion => ({
  vmName: "web1",
  disks: sizesGib.map((size, at) => aDisk(`d${at}`, { sizeBytes: size * gib })),
  domains,
  policy,
});

const watched = (domains: readonly StorageDomain[]) => ({ vmName: "web1", domainIds: ["sd1"], domains, policy });

test("critical space, margin and a tenth of each disk on file storage have to be free", () => {
  expect(whyNoHeadroom(question([domain(16)]))).toBeUndefined();
  expect(whyNoHeadroom(question([domain(15.9)]))).toMatchObject({
    code: "HEADROOM_MISSING",
    retryable: true,
    message:
      "vm web1: storage domain data has 15.9 GiB free, and a backup needs 5.0 GiB critical space + 1.0 GiB margin + 10.0 GiB for what the guest may write: free space or move disks",
  });
  expect(whyNoHeadroom(question([domain(16)], [100, 1]))).toMatchObject({ code: "HEADROOM_MISSING" });
});

test.each([
  [100, 20],
  [10, 4],
  [2, 2],
])("of a disk of %i GiB on block storage %i GiB are reserved", (sizeGib, reservedGib) => {
  const block = (free: number) => question([domain(free, { storageType: "iscsi" })], [sizeGib]);
  expect(whyNoHeadroom(block(6 + reservedGib))).toBeUndefined();
  expect(whyNoHeadroom(block(6 + reservedGib - 0.1))).toMatchObject({ code: "HEADROOM_MISSING" });
});

test("below its critical space the engine makes nothing new on a domain, and the words say so", () => {
  expect(whyNoHeadroom(question([domain(4.9)]))).toMatchObject({
    code: "DOMAIN_SPACE_CRITICAL",
    message:
      "vm web1: storage domain data has 4.9 GiB free, less than the 5.0 GiB below which the engine makes nothing new there (critical space): free space or move disks",
  });
});

test("only the domains of the VM's disks count, and only those whose space is known", () => {
  expect(whyNoHeadroom(question([domain(0, { id: "sd2" }), domain(undefined)]))).toBeUndefined();
  expect(whyHeadroomLost(watched([domain(0, { id: "sd2" }), domain(undefined)]))).toBeUndefined();
});

test("while a backup runs critical space and margin must stay free", () => {
  expect(whyHeadroomLost(watched([domain(6)]))).toBeUndefined();
  expect(whyHeadroomLost(watched([domain(5.9)]))).toMatchObject({
    code: "HEADROOM_LOST",
    retryable: true,
    message:
      "vm web1: storage domain data is down to 5.9 GiB free, below 6.0 GiB (critical space + margin): the backup was ended before the guest would pause",
  });
});
