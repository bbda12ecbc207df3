import type { AbsentRecord } from "../catalog/record-verification.ts";
import type { RecordAt, RepositoryStore } from "../store/repository-store.ts";
import type { RecordVerdict } from "./judge-record.ts";

type Failed = Exclude<RecordVerdict, { readonly verdict: "sound" }>;

/** Takes what is damaged or gone out of the store (H1): quarantined or forgotten. Gives what became absent; who uses it is not yet marked. */
export const putAway = async (
  store: Pick<RepositoryStore, "quarantine" | "forgetMissing" | "locate">,
  verdicts: readonly Failed[],
): Promise<readonly AbsentRecord[]> => {
  const of = (verdict: Failed["verdict"]): readonly RecordAt[] =>
    verdicts.flatMap((one) => (one.verdict === verdict && one.at ? [one.at] : []));
  const damaged = of("damaged");
  await store.quarantine(damaged);
  const missing = await store.forgetMissing(of("missing"));
  const absent = [
    ...damaged.map(({ kind, id }) => ({ kind, id, code: "CHUNK_DAMAGED" as const })),
    ...missing.map(({ kind, id }) => ({ kind, id, code: "CHUNK_MISSING" as const })),
  ];
  return await withoutPresent(store, absent);
};

/** Ids looked up at once. */
const batch = 4096;

/** What another record still gives is not absent. */
const withoutPresent = async (
  store: Pick<RepositoryStore, "locate">,
  records: readonly AbsentRecord[],
): Promise<readonly AbsentRecord[]> => {
  const absent: AbsentRecord[] = [];
  for (const kind of ["chunk", "page"] as const) {
    const ofKind = records.filter((record) => record.kind === kind);
    for (let first = 0; first < ofKind.length; first += batch) {
      const some = ofKind.slice(first, first + batch);
      const places = await store.locate(kind, Buffer.concat(some.map(({ id }) => id)));
      absent.push(...some.filter((_, index) => places[index] === undefined));
    }
  }
  return absent;
};
