import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { toHex } from "@holdfast/shared/format/content-id";
import {
  checkPlainLength,
  checkStored,
  openChecked,
  openRecord,
  type ParsedRecord,
} from "@holdfast/shared/format/record";
import type { OpeningKeys } from "@holdfast/shared/format/repository-keys";

/** What records of a repository have to be. */
export interface RecordRules {
  readonly chunkSize: ChunkSize;
  readonly repositoryId: string;
  readonly isEncrypted: boolean;
  /** Where there are keys, content is compared with ids; a server has none. */
  readonly keys: OpeningKeys | undefined;
}

/**
 * The plain bytes of a record that is as it should be, as far as can be told without a key: then a chunk's stored bytes match
 * their checksum and nothing more is known, and there are no plain bytes. CHUNK_DAMAGED, REPOSITORY_MISMATCH.
 */
export const judgeRecord = (record: ParsedRecord, rules: RecordRules): Uint8Array | undefined => {
  const { header } = record;
  if (header.repositoryId !== rules.repositoryId)
    throw new HoldfastError("REPOSITORY_MISMATCH", `a record of repository ${header.repositoryId}`);
  if ((header.idHash === "hmac") !== rules.isEncrypted) {
    const is = rules.isEncrypted
      ? "is not encrypted, but the repository is"
      : "is encrypted, but the repository is not";
    throw new HoldfastError("CHUNK_DAMAGED", `record ${toHex(header.id)} ${is}`);
  }
  if (!rules.isEncrypted) return openChecked(record, rules.chunkSize);
  if (rules.keys !== undefined) return openChecked(record, rules.chunkSize, rules.keys);
  checkPlainLength(header, rules.chunkSize);
  if (header.kind === "page") return openRecord(record);
  checkStored(record);
  return undefined;
};
