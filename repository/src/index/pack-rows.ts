import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { PackKey } from "../store/object-names.ts";

/** A pack that the index knows. */
export interface PackRow extends PackKey {
  readonly kind: RecordKind;
  readonly sizeBytes: number;
  readonly records: number;
  /** All of its records are indexed. */
  readonly isComplete: boolean;
  /** When it was begun, by its owner's clock. */
  readonly createdMs: number;
}

const columns = 7;

/** Packs as flat numbers for the way between threads: epoch, sequence, 1 for pages, bytes, records, 1 for complete, created. */
export const encodePacks = (packs: readonly PackRow[]): Float64Array => {
  const flat = new Float64Array(packs.length * columns);
  packs.forEach(({ epoch, sequence, kind, sizeBytes, records, isComplete, createdMs }, index) => {
    const isPage = kind === "page";
    flat.set([epoch, sequence, Number(isPage), sizeBytes, records, Number(isComplete), createdMs], index * columns);
  });
  return flat;
};

/** The packs back, in the same order. */
export const decodePacks = (flat: Float64Array): readonly PackRow[] =>
  Array.from({ length: flat.length / columns }, (_, index) => {
    const row = flat.subarray(index * columns, (index + 1) * columns);
    const [epoch = 0, sequence = 0, isPage = 0, sizeBytes = 0, records = 0, isComplete = 0, createdMs = 0] = row;
    const kind = isPage === 1 ? "page" : "chunk";
    return { epoch, sequence, kind, sizeBytes, records, isComplete: isComplete === 1, createdMs };
  });
