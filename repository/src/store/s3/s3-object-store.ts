import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type {
  ByteRange,
  CallOptions,
  ObjectRetention,
  ObjectStore,
  Published,
  StagedObject,
  StageOptions,
  StoreSpace,
  WriteOptions,
} from "../object-store.ts";
import { largestWholeObject } from "../object-store.ts";
import { requireObjectName } from "../object-name.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { readBody } from "./read-body.ts";
import { s3Clock } from "./s3-clock.ts";
import { statusOf, toS3Error } from "./s3-error.ts";
import { s3Retention } from "./s3-retention.ts";
import { abortable, S3StagedObject } from "./s3-staged-object.ts";
import { unfinishedUploads } from "./unfinished-uploads.ts";

/** False for the markers of folders that some tools leave. */
const isName = (name: string | undefined): name is string => name !== undefined && !name.endsWith("/");

const endless: StoreSpace = { freeBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };

/**
 * Objects under a prefix of a bucket. What the storage acknowledged is durable; names are given by conditional requests. Every method is one
 * try: `retryingStore` repeats what found no answer.
 */
export class S3ObjectStore implements ObjectStore {
  readonly listsInOrder = true;
  readonly clockMs: (options?: CallOptions) => Promise<number>;
  readonly retention: ObjectRetention | undefined;
  readonly #bucket: S3Bucket;
  readonly #random: RandomBytes;

  constructor(bucket: S3Bucket, random: RandomBytes) {
    this.#bucket = bucket;
    this.#random = random;
    this.clockMs = s3Clock(bucket);
    this.retention = bucket.settings.objectLock ? s3Retention(bucket) : undefined;
  }

  async putIfAbsent(name: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<Published> {
    await using staged = await this.stage(name, options);
    await staged.write([bytes], options);
    return await staged.publish(options);
  }

  async stage(name: string, options: StageOptions = {}): Promise<StagedObject> {
    options.signal?.throwIfAborted();
    const lockIsPossible = options.lockUntilMs === undefined || this.retention !== undefined;
    if (!lockIsPossible) throw new HoldfastError("INVALID_ARGUMENT", "the bucket is not set up for Object Lock");
    return new S3StagedObject({ bucket: this.#bucket, name, writerId: toHex(this.#random(16)), options });
  }

  async get(name: string, { signal }: CallOptions = {}): Promise<Uint8Array> {
    const bytes = await this.#read(name, { mostBytes: largestWholeObject }, signal);
    if (bytes !== undefined) return bytes;
    throw new HoldfastError("REPOSITORY_DAMAGED", `${name} has more than ${largestWholeObject} bytes`);
  }

  async getRange(name: string, { offset, length }: ByteRange, { signal }: CallOptions = {}): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const range = `bytes=${offset}-${offset + length - 1}`;
    const bytes = await this.#read(name, { range, mostBytes: length }, signal);
    if (bytes === undefined)
      throw new HoldfastError("IO_FAILED", `the object storage gave more of ${name} than ${length} bytes`);
    if (bytes.byteLength === length) return bytes;
    throw new HoldfastError("REPOSITORY_DAMAGED", `${name} ends before byte ${offset + length}`);
  }

  async sizeOf(name: string, { signal }: CallOptions = {}): Promise<number> {
    const input = this.#input(name);
    try {
      const { ContentLength } = await this.#bucket.client.send(new HeadObjectCommand(input), abortable(signal));
      return ContentLength ?? 0;
    } catch (caught) {
      throw toS3Error(caught, `looking at ${name}`, signal);
    }
  }

  async *list(folder: string, { signal }: CallOptions = {}): AsyncGenerator<string> {
    const { client, settings, keyOf, nameOf } = this.#bucket;
    const input = { Bucket: settings.bucket, Prefix: `${keyOf(folder)}/` };
    try {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, input, abortable(signal))) {
        yield* Contents.map(({ Key = "" }) => nameOf(Key)).filter(isName);
      }
    } catch (caught) {
      throw toS3Error(caught, `listing ${folder}`, signal);
    }
  }

  /** A name that is there was acknowledged by the storage itself. */
  async confirm(names: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    names.forEach(requireObjectName);
  }

  /** In a bucket with versions the version is removed: a mark over it would give no room back. */
  async remove(name: string, { signal }: CallOptions = {}): Promise<void> {
    const { client } = this.#bucket;
    const input = this.#input(name);
    try {
      const { VersionId } = await client.send(new HeadObjectCommand(input), abortable(signal));
      const version = VersionId === undefined ? {} : { VersionId };
      await client.send(new DeleteObjectCommand({ ...input, ...version }), abortable(signal));
    } catch (caught) {
      if (statusOf(caught) === 404) return;
      const error = toS3Error(caught, `removing ${name}`, signal);
      if (error.code === "STORE_DENIED") await this.#throwIfLocked(name, error);
      throw error;
    }
  }

  async removeLeftovers(isDead: (name: string) => boolean, { signal }: CallOptions = {}): Promise<void> {
    const { client, settings } = this.#bucket;
    for await (const { name, key, uploadId } of unfinishedUploads(this.#bucket, signal)) {
      if (!isDead(name)) continue;
      const input = { Bucket: settings.bucket, Key: key, UploadId: uploadId };
      try {
        await client.send(new AbortMultipartUploadCommand(input), abortable(signal));
      } catch (caught) {
        if (statusOf(caught) !== 404) throw toS3Error(caught, `ending the upload of ${name}`, signal);
      }
    }
  }

  async space(): Promise<StoreSpace> {
    return await Promise.resolve(endless);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve(this.#bucket.client.destroy());
  }

  #input(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket.settings.bucket, Key: this.#bucket.keyOf(name) };
  }

  /** Undefined when there is more. */
  async #read(
    name: string,
    { range, mostBytes }: { readonly range?: string; readonly mostBytes: number },
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    const input = { ...this.#input(name), ...(range !== undefined && { Range: range }) };
    try {
      const { Body, ContentLength } = await this.#bucket.client.send(new GetObjectCommand(input), abortable(signal));
      return await readBody({ name, Body, ContentLength, mostBytes });
    } catch (caught) {
      if (statusOf(caught) === 416) throw new HoldfastError("REPOSITORY_DAMAGED", `${name} ends before ${range}`);
      throw toS3Error(caught, `reading ${name}`, signal);
    }
  }

  async #throwIfLocked(name: string, cause: HoldfastError): Promise<void> {
    const untilMs = await this.retention?.lockedUntil(name);
    if (untilMs !== undefined) {
      throw new HoldfastError("OBJECT_LOCKED", `${name} is locked`, { cause, details: { untilMs } });
    }
  }
}
