import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { toHex } from "@holdfast/shared/format/content-id";
import type { Compression } from "@holdfast/shared/format/codec";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import {
  type AttemptRef,
  type ClearPart,
  noStatistics,
  type SealedPart,
} from "@holdfast/shared/format/manifest-schema";
import { encodePage, leafCapacity } from "@holdfast/shared/format/page";
import { buildTree } from "@holdfast/shared/format/page-tree";
import { encodeRecord } from "@holdfast/shared/format/record";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { PackSet } from "../../store/pack-set.ts";
import type { PendingPack, RepositoryStore } from "../../store/repository-store.ts";
import { type GoldenDisk, goldenDisks } from "./golden-disks.ts";

/** What one backup of a golden repository is, beside its disks. */
export interface GoldenBackup {
  readonly attempt: AttemptRef;
  readonly vmId: string;
  readonly base: string | null;
  /** What all of it is sealed with in the sealed repository. */
  readonly sealing?: GoldenSealing | undefined;
}

/** Keys, and nonces that are the same in every run. */
export interface GoldenSealing {
  readonly keys: SealingKeys;
  readonly nonces: RandomBytes;
}

/** Opens, sends, settles and commits one golden point. */
export const writeGoldenPoint = async (store: RepositoryStore, backup: GoldenBackup): Promise<void> => {
  await store.openAttempt(backup.attempt);
  const manifest = await sendGoldenPoint(store, backup);
  await store.commitPoint(backup.attempt, manifest, { deduplicatedBytes: 0, storedBytes: 0, packedBytes: 0 });
};

/** Makes all that a golden point needs durable; answers the manifest that would make it a point. */
export const sendGoldenPoint = async (store: RepositoryStore, backup: GoldenBackup): Promise<Uint8Array> => {
  const packs = new Set<PendingPack>();
  const roots: [GoldenDisk, string][] = [];
  const { taskId } = backup.attempt;
  for (const disk of goldenDisks[taskId] ?? []) roots.push([disk, await sendDisk(store, disk, { packs, backup })]);
  await store.settle(packs);
  const { repositoryId } = store.facts;
  const manifest = { repositoryId, clear: clearPart(store, backup, roots), sealed: sealedPart(backup, roots) };
  return encodeManifest(manifest, backup.sealing?.keys, backup.sealing?.nonces);
};

interface Sending {
  readonly packs: Set<PendingPack>;
  readonly backup: GoldenBackup;
}

const sendDisk = async (
  store: RepositoryStore,
  { chunks }: GoldenDisk,
  { packs, backup: { sealing } }: Sending,
): Promise<string> => {
  const idKey = sealing?.keys.idKey;
  const put = async (kind: RecordKind, id: Uint8Array, plain: Uint8Array, compression: Compression): Promise<void> => {
    const { repositoryId } = store.facts;
    const source = { repositoryId, kind, id, plain, compression, keys: sealing?.keys };
    const { header, stored } = encodeRecord(source, sealing?.nonces);
    const { pending } = await store.append(
      await store.check(new Uint8Array(Buffer.concat([header, stored]))),
      new PackSet(),
    );
    if (pending) packs.add(pending);
  };
  const ids: Uint8Array[] = [];
  for (const [position, chunk] of chunks.entries()) {
    const id = chunkIdOf(chunk ?? new Uint8Array(1), store.facts.chunkSize, idKey);
    if (chunk) await put("chunk", id, chunk, position % 2 === 0 ? "zstd" : "lz4");
    ids.push(id);
  }
  const leaves: Uint8Array[] = [];
  for (let first = 0; first < ids.length; first += leafCapacity) {
    const leaf = encodePage({ level: 0, ids: Buffer.concat(ids.slice(first, first + leafCapacity)) }, idKey);
    if (leaf.bytes.byteLength > 0) await put("page", leaf.id, leaf.bytes, "zstd");
    leaves.push(leaf.id);
  }
  const { root, nodes } = buildTree(Buffer.concat(leaves), idKey);
  for (const { id, bytes } of nodes) await put("page", id, bytes, "zstd");
  return toHex(root);
};

type Roots = readonly (readonly [GoldenDisk, string])[];

const skipped: ClearPart["disks"][number] = {
  diskId: "skipped",
  sizeBytes: 1024 ** 3,
  root: "0".repeat(64),
  mode: "skipped",
  reason: "excluded",
  format: "raw",
  interface: "virtio",
  bootable: false,
  active: true,
  granularityBytes: null,
};

const clearPart = (store: RepositoryStore, { attempt, vmId, base }: GoldenBackup, roots: Roots): ClearPart => ({
  schema: 1,
  attempt,
  vm: { engineInstanceId: "engine", vmId },
  installationId: "golden",
  jobId: "nightly",
  sessionId: `session-${attempt.taskId}`,
  basePointId: base,
  origin: null,
  chunkSize: store.facts.chunkSize,
  sessionStartedMs: Date.UTC(2026, 0, 1, 1),
  capturedMs: Date.UTC(2026, 0, 1, 2),
  calendarDay: "2026-01-01",
  checkpointId: base === null ? null : `checkpoint-${attempt.taskId}`,
  capture: "hybrid",
  consistency: "crash",
  disks: [
    ...roots.map(([{ diskId, sizeBytes }, root], index): ClearPart["disks"][number] => ({
      ...skipped,
      diskId,
      sizeBytes,
      root,
      mode: base === null ? "full" : "incremental",
      reason: base === null ? "no-base" : "",
      format: "cow",
      bootable: index === 0,
      granularityBytes: 65_536,
    })),
    skipped,
  ],
  statistics: noStatistics,
});

const sealedPart = ({ vmId }: GoldenBackup, roots: Roots): SealedPart => ({
  schema: 1,
  vmName: `machine ${vmId} – größer`,
  jobName: "nightly",
  managerName: "manager",
  clusterName: "cluster",
  diskAliases: Object.fromEntries(roots.map(([{ diskId }]) => [diskId, `${vmId}_${diskId}`])),
  ovf: "<ovf:Envelope/>",
  configurationJson: "{}",
});
