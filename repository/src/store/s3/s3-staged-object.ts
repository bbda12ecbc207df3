import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CallOptions, Published, StagedObject, StageOptions } from "../object-store.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { PartBuffer } from "./part-buffer.ts";
import { isTaken, statusOf, toS3Error } from "./s3-error.ts";
import { conditionOf, lockOf, md5Of } from "./s3-requests.ts";

/** An object on its way into a bucket. */
export interface S3StagedParts {
  readonly bucket: S3Bucket;
  readonly name: string;
  /** Random; kept with the object, so that its writer knows it again after an answer that was lost. */
  readonly writerId: string;
  readonly options: StageOptions;
}

/** Where the writer's id is kept with an object. */
const writerKey = "holdfast-writer";

/** What an object carries besides its bytes. */
export const metadataOf = (writerId: string): Record<string, string> => ({ [writerKey]: writerId });

/**
 * Collects bytes until they fill a part, then sends it; an object that never fills one is sent whole when it is published. State changes
 * only after the storage has answered, so whatever found no answer can be asked again.
 */
export class S3StagedObject implements StagedObject {
  readonly #parts: S3StagedParts;
  readonly #key: string;
  readonly #etags: string[] = [];
  #part: PartBuffer;
  #uploadId: string | undefined;
  #isPublished = false;

  constructor(parts: S3StagedParts) {
    this.#parts = parts;
    this.#key = parts.bucket.keyOf(parts.name);
    this.#part = this.#newPart();
  }

  async write(parts: readonly Uint8Array[], { signal }: CallOptions = {}): Promise<void> {
    const before = this.#part.length;
    const etags: string[] = [];
    try {
      this.#part = await this.#append(parts, etags, signal);
    } catch (caught) {
      this.#part.rewind(before);
      throw caught;
    }
    this.#etags.push(...etags);
  }

  async publish({ signal }: CallOptions = {}): Promise<Published> {
    const { bucket, name, options } = this.#parts;
    if (bucket.settings.soleWriter && (await this.#writerThere(signal)) !== undefined)
      return await this.#settle(signal);
    const inParts = this.#etags.length > 0 || options.inParts === true;
    try {
      if (inParts) await this.#complete(signal);
      else await this.#putWhole(signal);
      this.#isPublished = true;
      return "created";
    } catch (caught) {
      // An upload that is gone may have been completed by a request whose answer was lost.
      if (isTaken(caught) || (inParts && statusOf(caught) === 404)) return await this.#settle(signal);
      throw toS3Error(caught, `naming ${name}`, signal);
    }
  }

  /** An upload that cannot be ended now is a leftover for the next owner. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#part = this.#newPart();
    if (this.#isPublished || this.#uploadId === undefined) return;
    const { client, settings } = this.#parts.bucket;
    const upload = { Bucket: settings.bucket, Key: this.#key, UploadId: this.#uploadId };
    this.#uploadId = undefined;
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
  }

  /** Fills parts and sends the full ones, whose tags it adds to `etags`; gives the one that is being filled then. */
  async #append(parts: readonly Uint8Array[], etags: string[], signal: AbortSignal | undefined): Promise<PartBuffer> {
    let part = this.#part;
    for (let bytes of parts) {
      while (bytes.byteLength > 0) {
        bytes = bytes.subarray(part.take(bytes));
        if (!part.isFull) continue;
        etags.push(await this.#sendPart(this.#etags.length + etags.length + 1, part.filled, signal));
        part = this.#newPart();
      }
    }
    return part;
  }

  #newPart(): PartBuffer {
    return new PartBuffer(this.#parts.bucket.settings.partBytes);
  }

  async #sendPart(number: number, body: Uint8Array, signal: AbortSignal | undefined): Promise<string> {
    const { bucket, name } = this.#parts;
    const upload = { Bucket: bucket.settings.bucket, Key: this.#key, UploadId: await this.#begin(signal) };
    try {
      const part = { ...upload, PartNumber: number, Body: body, ContentMD5: md5Of(body) };
      const { ETag: etag } = await bucket.client.send(new UploadPartCommand(part), abortable(signal));
      if (etag !== undefined) return etag;
    } catch (caught) {
      throw toS3Error(caught, `sending part ${number} of ${name}`, signal);
    }
    throw new HoldfastError("IO_FAILED", `the object storage took part ${number} of ${name} without a tag`);
  }

  async #begin(signal: AbortSignal | undefined): Promise<string> {
    if (this.#uploadId !== undefined) return this.#uploadId;
    const { bucket, name, writerId, options } = this.#parts;
    const input = {
      Bucket: bucket.settings.bucket,
      Key: this.#key,
      Metadata: metadataOf(writerId),
      ...lockOf(bucket, options),
    };
    try {
      const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(input), abortable(signal));
      this.#uploadId = UploadId;
    } catch (caught) {
      throw toS3Error(caught, `beginning ${name}`, signal);
    }
    if (this.#uploadId !== undefined) return this.#uploadId;
    throw new HoldfastError("IO_FAILED", `the object storage began ${name} without an id`);
  }

  async #putWhole(signal: AbortSignal | undefined): Promise<void> {
    const { bucket, writerId, options } = this.#parts;
    const input = {
      Bucket: bucket.settings.bucket,
      Key: this.#key,
      Body: this.#part.filled,
      ContentMD5: md5Of(this.#part.filled),
      Metadata: metadataOf(writerId),
      ...conditionOf(bucket),
      ...lockOf(bucket, options),
    };
    await bucket.client.send(new PutObjectCommand(input), abortable(signal));
  }

  async #complete(signal: AbortSignal | undefined): Promise<void> {
    const { bucket } = this.#parts;
    if (this.#part.length > 0 || this.#etags.length === 0) {
      this.#etags.push(await this.#sendPart(this.#etags.length + 1, this.#part.filled, signal));
      this.#part = this.#newPart();
    }
    const input = {
      Bucket: bucket.settings.bucket,
      Key: this.#key,
      UploadId: this.#uploadId,
      MultipartUpload: { Parts: this.#etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })) },
      ...conditionOf(bucket),
    };
    await bucket.client.send(new CompleteMultipartUploadCommand(input), abortable(signal));
  }

  /** The name is taken, or what came of our request is unknown: the object itself tells whose it is. */
  async #settle(signal: AbortSignal | undefined): Promise<Published> {
    const { name, writerId } = this.#parts;
    const found = await this.#writerThere(signal);
    if (found === undefined) throw new HoldfastError("IO_FAILED", `the object storage lost the upload of ${name}`);
    this.#isPublished = found === writerId;
    return this.#isPublished ? "created" : "exists";
  }

  /** Id of the writer of the object under the name, empty when it carries none; undefined when there is no object. */
  async #writerThere(signal: AbortSignal | undefined): Promise<string | undefined> {
    const { bucket, name } = this.#parts;
    try {
      const input = { Bucket: bucket.settings.bucket, Key: this.#key };
      const { Metadata } = await bucket.client.send(new HeadObjectCommand(input), abortable(signal));
      return Metadata?.[writerKey] ?? "";
    } catch (caught) {
      if (statusOf(caught) === 404) return undefined;
      throw toS3Error(caught, `looking at ${name}`, signal);
    }
  }
}

/** A signal in the SDK's form. */
export const abortable = (signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal };
