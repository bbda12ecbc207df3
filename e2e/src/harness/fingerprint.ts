import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const stepBytes = 1024 * 1024;

/** Contents of a disk, small enough to keep: its length and one digest per MiB. */
export interface Fingerprint {
  readonly sizeBytes: number;
  readonly digests: readonly string[];
}

/** Digest of one MiB of a disk; what `bytes` lacks of `length` is zeros. */
const digestOf = (bytes: Uint8Array, length: number): string => {
  const given = bytes.subarray(0, Math.min(bytes.byteLength, length));
  return createHash("sha256")
    .update(given)
    .update(Buffer.alloc(length - given.byteLength))
    .digest("base64");
};

/** Takes a disk MiB by MiB, in any order; what was never given is zeros. */
export class FingerprintMaker {
  readonly #sizeBytes: number;
  readonly #digests: string[];

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    const none = new Uint8Array();
    const zero = digestOf(none, stepBytes);
    this.#digests = Array.from({ length: Math.ceil(sizeBytes / stepBytes) }, (_, index) =>
      this.#lengthAt(index) === stepBytes ? zero : digestOf(none, this.#lengthAt(index)),
    );
  }

  /** Takes the bytes of MiB number `index`. */
  take(index: number, bytes: Uint8Array): void {
    this.#digests[index] = digestOf(bytes, this.#lengthAt(index));
  }

  make(): Fingerprint {
    return { sizeBytes: this.#sizeBytes, digests: [...this.#digests] };
  }

  #lengthAt(index: number): number {
    return Math.min(stepBytes, this.#sizeBytes - index * stepBytes);
  }
}

/** Fingerprint of a raw file. */
export const fingerprintOf = async (path: string): Promise<Fingerprint> => {
  await using file = await open(path);
  const { size } = await file.stat();
  const maker = new FingerprintMaker(size);
  const bytes = Buffer.alloc(stepBytes);
  for (let index = 0; index * stepBytes < size; index += 1) {
    const { bytesRead } = await file.read(bytes, 0, stepBytes, index * stepBytes);
    maker.take(index, bytes.subarray(0, bytesRead));
  }
  return maker.make();
};

/** Where two disks first differ, in words; undefined when they are equal. */
export const differenceOf = (left: Fingerprint, right: Fingerprint): string | undefined => {
  if (left.sizeBytes !== right.sizeBytes) return `${left.sizeBytes} bytes here, ${right.sizeBytes} there`;
  const at = left.digests.flatMap((digest, index) => (digest === right.digests[index] ? [] : [index]));
  return at.length === 0 ? undefined : `${at.length} MiB differ: number ${at.slice(0, 10).join(", ")}`;
};
