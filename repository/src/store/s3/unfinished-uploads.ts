import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { S3Bucket } from "./s3-bucket.ts";
import { toS3Error } from "./s3-error.ts";
import { abortable } from "./s3-staged-object.ts";

/** An upload in parts that was begun and neither completed nor ended: its parts are paid for and not listed as objects. */
export interface UnfinishedUpload {
  readonly name: string;
  readonly key: string;
  readonly uploadId: string;
}

/** All of them below the bucket's prefix. */
export async function* unfinishedUploads(
  { client, settings, nameOf }: S3Bucket,
  signal: AbortSignal | undefined,
): AsyncGenerator<UnfinishedUpload> {
  const below = { Bucket: settings.bucket, Prefix: settings.prefix === "" ? "" : `${settings.prefix}/` };
  let after: Place | undefined = {};
  while (after !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await client
      .send(new ListMultipartUploadsCommand({ ...below, ...after }), abortable(signal))
      .catch((caught: unknown) => {
        throw toS3Error(caught, "listing unfinished uploads", signal);
      });
    for (const { Key: key, UploadId: uploadId } of page.Uploads ?? []) {
      const name = key === undefined ? undefined : nameOf(key);
      if (key !== undefined && name !== undefined && uploadId !== undefined) yield { name, key, uploadId };
    }
    const next = placeAfter(page);
    if (next !== undefined && isSamePlace(next, after))
      throw new HoldfastError("IO_FAILED", "the object storage's listing of unfinished uploads does not get on");
    after = next;
  }
}

type Place = Pick<ListMultipartUploadsCommandInput, "KeyMarker" | "UploadIdMarker">;

const isSamePlace = (a: Place, b: Place): boolean =>
  a.KeyMarker === b.KeyMarker && a.UploadIdMarker === b.UploadIdMarker;

/** Where the next page begins; undefined when there is none. */
const placeAfter = (page: ListMultipartUploadsCommandOutput): Place | undefined =>
  page.IsTruncated === true && page.NextKeyMarker !== undefined
    ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    : undefined;
