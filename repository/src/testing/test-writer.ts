import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type CommitResponse,
  type OpenUploadResponse,
  type PutRecordsRequestSchema,
  RecordKind,
  type UploadOpened,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex, zeroId, idAt, idCount } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { type ClearPart, noStatistics } from "@holdfast/shared/format/manifest-schema";
import { type EncodedPage, encodePage, leafCapacity } from "@holdfast/shared/format/page";
import { buildTree } from "@holdfast/shared/format/page-tree";
import { encodeRecord } from "@holdfast/shared/format/record";
import type { RecordKind as KindOfRecord } from "@holdfast/shared/format/record-header";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import { GrantWindow } from "@holdfast/shared/rpc/data-stream";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import { chunkIdsOf, plainAt, type SyntheticDisk } from "./synthetic-disk.ts";
import type { RepositoryClient } from "./test-callers.ts";
import { testChunkSize } from "./test-server.ts";
import { attemptOf, clearOf, count, diskOf, sealedOf, type TestBackup, vmOf } from "./test-backup.ts";

/** Counts of `accepted` messages. */
export interface AcceptedCounts {
  readonly stored: number;
  readonly known: number;
  readonly storedBytes: number;
}

/** A held upload of a test. */
export interface HeldUpload extends AsyncDisposable {
  readonly first: OpenUploadResponse;
  /** What the server answered; throws when the task had committed. */
  readonly opened: UploadOpened;
  /** Rejects when the server ends the stream with an error; resolves when it ends well. */
  readonly ended: Promise<void>;
}

type PutMessage = MessageInitShape<typeof PutRecordsRequestSchema>;

/** A small writer that keeps to docs/design/repository-protocol.md; only the writer of tests. */
export class TestWriter {
  readonly #client: RepositoryClient;
  readonly #repositoryId: string;
  /** Bytes of one piece; small ones split records. */
  pieceBytes = maxPayloadBytes;
  /** Set for an encrypted repository. */
  keys: SealingKeys | undefined;

  constructor(client: RepositoryClient, repositoryId: string) {
    this.#client = client;
    this.#repositoryId = repositoryId;
  }

  /** Opens an upload and holds its stream until it is disposed of. */
  async open(backup: TestBackup): Promise<HeldUpload> {
    const stop = new AbortController();
    const stream = this.#client.openUpload(
      {
        attempt: attemptOf(backup),
        vm: vmOf(backup),
        basePointId: backup.base ?? "",
        repositoryId: this.#repositoryId,
        installationId: "",
      },
      { signal: stop.signal },
    );
    const iterator = stream[Symbol.asyncIterator]();
    const { value: first } = (await iterator.next()) as { value: OpenUploadResponse };
    const ended = iterator.next().then(() => undefined);
    ended.catch(() => undefined);
    return {
      first,
      get opened(): UploadOpened {
        if (first.event.case !== "opened") throw new Error("the task has committed");
        return first.event.value;
      },
      ended,
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await ended.catch(() => undefined);
      },
    };
  }

  /** Which of the ids are missing. */
  async missing(uploadId: string, kind: KindOfRecord, ids: Uint8Array): Promise<boolean[]> {
    const { missing } = await this.#client.findMissing({ uploadId, kind: kindMessage(kind), ids });
    return Array.from({ length: idCount(ids) }, (_, index) => ((missing[index >> 3] ?? 0) & (1 << (index & 7))) !== 0);
  }

  /** A chunk or page as a record. */
  record(kind: KindOfRecord, id: Uint8Array, plain: Uint8Array): Uint8Array {
    const repositoryId = parseRepositoryId(this.#repositoryId);
    const { header, stored } = encodeRecord({
      repositoryId,
      kind,
      id,
      plain,
      compression: "zstd",
      keys: this.keys,
    });
    return Buffer.concat([header, stored]);
  }

  /** Sends records on one stream against the grants that come, and gives what was accepted. */
  async put(uploadId: string, records: Iterable<Uint8Array>): Promise<AcceptedCounts> {
    const window = new GrantWindow();
    const counts = { stored: 0, known: 0, storedBytes: 0 };
    try {
      for await (const { event } of this.#client.putRecords(this.#messages(uploadId, records, window))) {
        if (event.case === "grantBytes") window.grant(Number(event.value));
        if (event.case !== "accepted") continue;
        counts.stored += event.value.stored;
        counts.known += event.value.known;
        counts.storedBytes += Number(event.value.storedBytes);
      }
    } finally {
      window.close(new HoldfastError("CANCELLED", "the stream is over"));
    }
    return counts;
  }

  async *#messages(uploadId: string, records: Iterable<Uint8Array>, window: GrantWindow): AsyncGenerator<PutMessage> {
    yield { part: { case: "uploadId", value: uploadId } };
    for (const record of records) {
      for (let offset = 0; offset < record.byteLength; offset += this.pieceBytes) {
        const data = record.subarray(offset, offset + this.pieceBytes);
        await window.take(data.byteLength);
        yield { part: { case: "piece", value: { data, last: offset + data.byteLength === record.byteLength } } };
      }
    }
  }

  /** Sends what the repository misses of a disk: chunks, then leaves, then nodes. Gives the root and what was stored. */
  async sendDisk(
    uploadId: string,
    disk: SyntheticDisk,
  ): Promise<{ root: Uint8Array; ids: Uint8Array; chunks: AcceptedCounts }> {
    const idKey = this.keys?.idKey;
    const ids = chunkIdsOf(disk, testChunkSize, idKey);
    const chunks = await this.put(uploadId, await this.#missingChunks(uploadId, disk, ids));
    const leaves: EncodedPage[] = [];
    for (let first = 0; first < idCount(ids); first += leafCapacity) {
      leaves.push(encodePage({ level: 0, ids: ids.subarray(first * 32, (first + leafCapacity) * 32) }, idKey));
    }
    const tree = buildTree(Buffer.concat(leaves.map(({ id }) => id)), idKey);
    const pages = [...leaves, ...tree.nodes].filter(({ bytes }) => bytes.byteLength > 0);
    const missing = await this.missing(uploadId, "page", Buffer.concat(pages.map(({ id }) => id)));
    const sent = pages.filter((_, index) => missing[index] === true);
    await this.put(
      uploadId,
      sent.map(({ id, bytes }) => this.record("page", id, bytes)),
    );
    return { root: tree.root, ids, chunks };
  }

  async #missingChunks(uploadId: string, disk: SyntheticDisk, ids: Uint8Array): Promise<Iterable<Uint8Array>> {
    const positions = new Map<string, number>();
    for (let first = 0; first < idCount(ids); first += 4096) {
      const batch = ids.subarray(first * 32, (first + 4096) * 32);
      const missing = await this.missing(uploadId, "chunk", batch);
      for (const [index, isMissing] of missing.entries()) {
        if (isMissing) positions.set(toHex(idAt(batch, index)), first + index);
      }
    }
    const record = (position: number): Uint8Array =>
      this.record("chunk", idAt(ids, position), plainAt(disk, position, testChunkSize));
    return (function* () {
      for (const position of positions.values()) yield record(position);
    })();
  }

  /** The chunk ids of a disk of the upload's base. */
  async baseIds(uploadId: string, diskId: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const { chunkIds } of this.#client.readLeaves({
      holder: { case: "uploadId", value: uploadId },
      diskId,
      firstLeaf: 0,
      count: 4096,
      idsOnly: false,
    })) {
      parts.push(
        chunkIds.byteLength > 0 ? chunkIds : Buffer.concat(Array.from({ length: leafCapacity }, () => zeroId)),
      );
    }
    return Buffer.concat(parts);
  }

  /** Sends all disks of a backup and gives its manifest. */
  async send(uploadId: string, backup: TestBackup, opened: UploadOpened): Promise<Uint8Array> {
    const statistics = { ...noStatistics };
    const disks: ClearPart["disks"] = [];
    for (const disk of backup.disks) {
      const { root, ids, chunks } = await this.sendDisk(uploadId, disk);
      const isInBase = opened.baseDisks.some(({ diskId }) => diskId === disk.diskId);
      const baseIds = isInBase ? await this.baseIds(uploadId, disk.diskId) : new Uint8Array();
      count(statistics, { ids, baseIds, diskId: disk.diskId, heal: opened.heal, stored: chunks.stored });
      disks.push(diskOf(disk, root));
    }
    return this.manifest(backup, { disks, statistics });
  }

  /** A manifest as its bytes. */
  manifest(backup: TestBackup, content: Pick<ClearPart, "disks" | "statistics">): Uint8Array {
    const repositoryId = parseRepositoryId(this.#repositoryId);
    const clear = { ...clearOf(backup), ...content };
    return encodeManifest({ repositoryId, clear, sealed: sealedOf(backup) }, this.keys);
  }

  /** Commits with a manifest. */
  async commit(uploadId: string, backup: TestBackup, manifest: Uint8Array): Promise<CommitResponse> {
    return await this.#client.commit(
      (async function* () {
        const attempt = attemptOf(backup);
        yield { part: { case: "start", value: { uploadId, attempt, manifestBytes: manifest.byteLength } } };
        for (let offset = 0; offset < manifest.byteLength; offset += maxPayloadBytes) {
          yield { part: { case: "manifestPiece", value: manifest.subarray(offset, offset + maxPayloadBytes) } };
        }
      })(),
    );
  }

  /** A whole backup: open, send, commit. */
  async backup(backup: TestBackup): Promise<CommitResponse> {
    await using upload = await this.open(backup);
    const { uploadId } = upload.opened;
    return await this.commit(uploadId, backup, await this.send(uploadId, backup, upload.opened));
  }
}

const kindMessage = (kind: KindOfRecord): RecordKind => (kind === "chunk" ? RecordKind.CHUNK : RecordKind.PAGE);
