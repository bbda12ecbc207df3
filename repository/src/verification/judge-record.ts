import { type DamageCode, damageOf } from "../readings/disk-content.ts";
import { parsePackName } from "../store/object-names.ts";
import type { RecordAt, RecordLocation, RepositoryReader } from "../store/repository-store.ts";

/** What reading a record back says. `at` is where the record lies that has to be taken out; undefined when none is known at all. */
export type RecordVerdict =
  | { readonly verdict: "sound" }
  | { readonly verdict: "missing"; readonly at: RecordAt | undefined }
  | { readonly verdict: "damaged"; readonly at: RecordAt };

/** A verdict of damage in the word that points are marked with. */
export const codeOfVerdict = (verdict: "missing" | "damaged"): DamageCode =>
  verdict === "missing" ? "CHUNK_MISSING" : "CHUNK_DAMAGED";

/**
 * Reads a record back where it lies: damaged only when its bytes were there and wrong twice. Throws for storage that did not
 * answer: then nothing is known.
 */
export const judgeAt = async (
  reader: Pick<RepositoryReader, "verifyAt">,
  location: RecordLocation,
): Promise<RecordVerdict> => {
  for (let reads = 1; ; reads += 1) {
    try {
      await reader.verifyAt(location);
      return { verdict: "sound" };
    } catch (caught) {
      const code = damageOf(caught);
      if (!code) throw caught;
      if (reads === 2) return toVerdict(code, location);
    }
  }
};

const toVerdict = (code: DamageCode, location: RecordLocation): RecordVerdict => {
  const at = toRecordAt(location);
  return code === "CHUNK_MISSING" ? { verdict: "missing", at } : { verdict: "damaged", at };
};

/** Where a located record lies, by its pack's number. */
export const toRecordAt = ({ kind, id, pack, offset }: RecordLocation): RecordAt => {
  const key = parsePackName(pack);
  if (!key) throw new TypeError(`${pack} is no pack`);
  return { kind, id, offset, ...key };
};
