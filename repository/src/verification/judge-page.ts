import { recordAbsence, type RecordDeps } from "../catalog/record-verification.ts";
import { judgeAt } from "./judge-record.ts";
import { putAway } from "./put-away.ts";

/** Reads a page back that proved damaged on the way, and puts it away when it is: so that a writer can send it again. */
export const judgePage = async (deps: RecordDeps, id: Uint8Array): Promise<void> => {
  const { store } = deps;
  const [location] = await store.locate("page", id);
  if (location === undefined) return;
  const verdict = await judgeAt(store, location);
  if (verdict.verdict !== "sound") await recordAbsence(deps, await putAway(store, [verdict]));
};
