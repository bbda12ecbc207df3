import { readFile } from "node:fs/promises";
import { require, sha256, uuidText } from "./bytes.ts";
import type { Keys } from "./keys.ts";
import { hmac, openSeal } from "./seal.ts";

/** A disk as a manifest's clear part names it (§5). */
export interface ManifestDisk {
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly root: string;
  readonly mode: string;
}

/** A restore point as this reader understands it (§5). */
export interface Point {
  readonly pointId: string;
  readonly attempt: { readonly number: number; readonly attemptId: string };
  readonly vmId: string;
  readonly capturedMs: number;
  readonly chunkSize: number;
  readonly disks: readonly ManifestDisk[];
  readonly vmName: string;
}

/** Reads the object of a point, every checksum and length looked at, and opens what is sealed (§10.2). */
export const readPoint = async (path: string, repositoryId: string, keys: Keys | undefined): Promise<Point> => {
  const bytes = await readFile(path);
  require(bytes.toString("latin1", 0, 4) === "HFPO" && bytes.readUInt8(4) === 1, "a point's magic");
  const commitBytes = bytes.readUInt32LE(8);
  const manifestBytes = bytes.readUInt32LE(12);
  require(uuidText(bytes.subarray(16, 32)) === repositoryId, "a point's repository");
  const end = 32 + commitBytes + manifestBytes;
  require(bytes.length === end + 32 &&
    sha256(bytes.subarray(0, end)).equals(bytes.subarray(end)), "a point's checksum");
  const { clear, sealed } = readManifest(bytes.subarray(32 + commitBytes, end), repositoryId, keys);
  const { attempt, vm, capturedMs, chunkSize, disks } = clear;
  return {
    pointId: attempt.taskId,
    attempt,
    vmId: vm.vmId,
    capturedMs,
    chunkSize,
    disks,
    vmName: sealed.vmName,
  };
};

interface Clear {
  readonly attempt: { readonly taskId: string; readonly number: number; readonly attemptId: string };
  readonly vm: { readonly vmId: string };
  readonly capturedMs: number;
  readonly chunkSize: number;
  readonly disks: readonly ManifestDisk[];
}

interface Manifest {
  readonly clear: Clear;
  readonly sealed: { readonly vmName: string };
}

const readManifest = (bytes: Buffer, repositoryId: string, keys: Keys | undefined): Manifest => {
  require(bytes.toString("latin1", 0, 4) === "HFMF" && bytes.readUInt8(4) === 1, "a manifest's magic");
  const [integrity, seal] = keys ? [2, 1] : [1, 0];
  require(bytes.readUInt8(5) === integrity && bytes.readUInt8(6) === seal, "a manifest sealed as its repository is");
  require(uuidText(bytes.subarray(16, 32)) === repositoryId, "a manifest's repository");
  const clearEnd = 64 + bytes.readUInt32LE(8);
  const end = clearEnd + bytes.readUInt32LE(12);
  const key = keys && manifestKey(keys, bytes.toString("hex", 32, 40));
  const body = bytes.subarray(0, end);
  require((key ? hmac(key, body) : sha256(body)).equals(bytes.subarray(end, end + 32)), "a manifest's integrity code");
  const clear = JSON.parse(bytes.toString("utf8", 64, clearEnd)) as Clear;
  const second = body.subarray(clearEnd);
  const associated = Buffer.concat([bytes.subarray(0, 40), Buffer.from(clear.attempt.taskId, "ascii")]);
  const plain = key ? openSeal(key, bytes.subarray(40, 64), associated, second) : second;
  return { clear, sealed: JSON.parse(plain.toString("utf8")) as Manifest["sealed"] };
};

const manifestKey = ({ manifestKeys }: Keys, keyId: string): Buffer => {
  const key = manifestKeys.get(keyId);
  if (!key) throw new Error(`there is no key ${keyId}`);
  return key;
};
