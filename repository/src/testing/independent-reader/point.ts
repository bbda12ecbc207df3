import { readFile } from "node:fs/promises";
import { require, sha256, uuidText } from "./bytes.ts";

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

/** Reads the object of a point, every checksum and length looked at. */
export const readPoint = async (path: string, repositoryId: string): Promise<Point> => {
  const bytes = await readFile(path);
  require(bytes.toString("latin1", 0, 4) === "HFPO" && bytes.readUInt8(4) === 1, "a point's magic");
  const commitBytes = bytes.readUInt32LE(8);
  const manifestBytes = bytes.readUInt32LE(12);
  require(uuidText(bytes.subarray(16, 32)) === repositoryId, "a point's repository");
  const end = 32 + commitBytes + manifestBytes;
  require(bytes.length === end + 32 &&
    sha256(bytes.subarray(0, end)).equals(bytes.subarray(end)), "a point's checksum");
  const { clear, sealed } = readManifest(bytes.subarray(32 + commitBytes, end), repositoryId);
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

const readManifest = (bytes: Buffer, repositoryId: string): Manifest => {
  require(bytes.toString("latin1", 0, 4) === "HFMF" && bytes.readUInt8(4) === 1, "a manifest's magic");
  require(bytes.readUInt8(5) === 1 && bytes.readUInt8(6) === 0, "a manifest that is not sealed");
  require(uuidText(bytes.subarray(16, 32)) === repositoryId, "a manifest's repository");
  const clearEnd = 64 + bytes.readUInt32LE(8);
  const end = clearEnd + bytes.readUInt32LE(12);
  require(sha256(bytes.subarray(0, end)).equals(bytes.subarray(end, end + 32)), "a manifest's integrity code");
  return {
    clear: JSON.parse(bytes.toString("utf8", 64, clearEnd)) as Clear,
    sealed: JSON.parse(bytes.toString("utf8", clearEnd, end)) as { vmName: string },
  };
};
