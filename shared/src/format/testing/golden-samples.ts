import { chunkIdOf } from "../chunk-id.ts";
import { type ChunkSize, chunkSizes } from "../chunk-size.ts";
import { toHex } from "../content-id.ts";
import { encodeManifest, type Manifest } from "../manifest.ts";
import { encodePage } from "../page.ts";
import { buildTree } from "../page-tree.ts";
import { encodeRecordHeader } from "../record-header.ts";
import { sha256 } from "../content-id.ts";
import { parseRepositoryId } from "../repository-id.ts";

/** The repository of every golden vector. */
export const goldenRepository = parseRepositoryId("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");

const smallest: ChunkSize = chunkSizes[0];

/** Bytes 0, 1 … 255, 0 … */
export const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index & 0xff);

/** Ids of which each is its own number, counted from 1, in every byte; every third is zero. */
export const numberedIds = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * 32 }, (_, index) => {
    const number = Math.floor(index / 32) + 1;
    return number % 3 === 0 ? 0 : number & 0xff;
  });

/** A manifest that has something in every field. */
export const goldenManifest: Manifest = {
  repositoryId: goldenRepository,
  clear: {
    schema: 1,
    attempt: { taskId: "0123456789abcdefghij", number: 2, attemptId: "zyxwvutsrqponmlk" },
    vm: { engineInstanceId: "5f9d7e6a-0000-4000-8000-000000000001", vmId: "5f9d7e6a-0000-4000-8000-000000000002" },
    installationId: "golden",
    jobId: "nightly0",
    sessionId: "session00001",
    basePointId: "abc",
    origin: { repositoryId: "1e2d3c4b-5a49-4787-96a5-b4c3d2e1f00f", pointId: "def" },
    chunkSize: smallest,
    sessionStartedMs: 1_767_225_600_000,
    capturedMs: 1_767_225_660_000,
    calendarDay: "2026-01-01",
    checkpointId: "5f9d7e6a-0000-4000-8000-000000000003",
    capture: "hybrid",
    consistency: "filesystem",
    disks: [
      {
        diskId: "5f9d7e6a-0000-4000-8000-000000000004",
        sizeBytes: 3 * smallest + 512,
        root: "11".repeat(32),
        mode: "incremental",
        reason: "tracking-good",
        format: "cow",
        interface: "virtio_scsi",
        bootable: true,
        active: true,
        granularityBytes: 65_536,
      },
    ],
    statistics: {
      plannedBytes: 4 * smallest,
      zeroBytes: smallest,
      unchangedBytes: smallest,
      deduplicatedBytes: smallest,
      storedBytes: smallest,
      changedBytes: 65_536,
      readBytes: 2 * smallest,
      sampledBytes: smallest,
      packedBytes: 1234,
    },
  },
  sealed: {
    schema: 1,
    vmName: "büro-1",
    jobName: "nightly",
    managerName: "engine.example",
    clusterName: "Default",
    diskAliases: { "5f9d7e6a-0000-4000-8000-000000000004": "büro-1_Disk1" },
    ovf: "<?xml version='1.0'?><ovf/>",
    configurationJson: '{"cpus":2}',
  },
};

/** Every golden vector of this folder by its name, as hexadecimal digits made by the code of now. */
export const makeVectors = (): Readonly<Record<string, string>> => {
  const plain = counting(1000);
  const id = chunkIdOf(plain, smallest);
  return {
    chunkId1000Of256KiB: toHex(id),
    chunkId1000Of1MiB: toHex(chunkIdOf(plain, chunkSizes[2])),
    chunkIdFull256KiB: toHex(chunkIdOf(counting(smallest), smallest)),
    chunkIdZeros: toHex(chunkIdOf(new Uint8Array(smallest), smallest)),
    recordHeader: toHex(
      encodeRecordHeader({
        repositoryId: goldenRepository,
        kind: "chunk",
        idHash: "sha256",
        id,
        codec: "stored",
        plainLength: plain.byteLength,
        storedLength: plain.byteLength,
        storedHash: sha256(plain),
        seal: undefined,
      }),
    ),
    leaf: toHex(encodePage({ level: 0, ids: numberedIds(5) }).bytes),
    leafId: toHex(encodePage({ level: 0, ids: numberedIds(5) }).id),
    rootOf300Leaves: toHex(buildTree(numberedIds(300)).root),
    manifest: toHex(encodeManifest(goldenManifest)),
  };
};
