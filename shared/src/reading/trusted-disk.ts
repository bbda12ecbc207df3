import type { BaseDisk } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes } from "../format/content-id.ts";
import type { Reading } from "./open-reading.ts";

/** A disk as the point's manifest has it, of which the repository's word is not needed. */
export interface ManifestDisk {
  readonly diskId: string;
  /** Empty where the manifest was not read. */
  readonly root: Uint8Array;
}

/**
 * The disk of an open reading. NOT_FOUND when the point has none of that id, REPOSITORY_DAMAGED when the repository gives it another root than
 * the manifest: it would be read without a fault, and be another disk.
 */
export const trustedDisk = ({ disks }: Pick<Reading, "disks">, { diskId, root }: ManifestDisk): BaseDisk => {
  const found = disks.find((disk) => disk.diskId === diskId);
  if (found === undefined) throw new HoldfastError("NOT_FOUND", `the point has no disk ${diskId}`);
  if (root.byteLength === 0 || equalBytes(root, found.root)) return found;
  throw new HoldfastError(
    "REPOSITORY_DAMAGED",
    `the repository gives disk ${diskId} another content than the point's manifest`,
    { details: { diskId } },
  );
};
