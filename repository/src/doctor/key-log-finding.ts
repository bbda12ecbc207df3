import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import type { KeyLog } from "../store/key-log.ts";
import type { RepositoryReader } from "../store/repository-store.ts";

const what = { kind: "key", subject: "log of keys" } as const;

/** Reads the log within `bounded`; a storage that fails or is slow is a finding. Rejects only when the asker left. */
export const examineKeyLog = async (
  store: Pick<RepositoryReader, "readKeyLog" | "hasSpareKeyList">,
  bounded: AbortSignal,
  asker: AbortSignal,
): Promise<Finding> => {
  try {
    const log = await orAborted(store.readKeyLog(), bounded);
    const hasSpare = log !== undefined && (await orAborted(store.hasSpareKeyList(log), bounded));
    return keyLogFinding(log, hasSpare);
  } catch (caught) {
    asker.throwIfAborted();
    const { message } = HoldfastError.from(caught);
    return toFinding({
      ...what,
      state: "error",
      message: `it cannot be read: ${message}`,
      advice: "look at the storage",
    });
  }
};

/** Whether the lists of keys of an encrypted repository can be read: without any, a password and a recovery key open nothing. */
const keyLogFinding = (log: KeyLog | undefined, hasSpare: boolean): Finding => {
  const { list, damaged = [] } = log ?? {};
  const advice = "write a new list: holdfast repository key change-password";
  const [first] = damaged;
  if (list === undefined) {
    const message = `no list of keys is whole: ${first?.message ?? "there is none"}`;
    return toFinding({ ...what, state: "error", message, advice });
  }
  if (first === undefined && hasSpare)
    return toFinding({ ...what, message: `list ${list.number} is whole, and so is its second copy` });
  if (first === undefined) {
    const message = `list ${list.number} is whole, but has no second copy: damage of it would lock everybody out`;
    return toFinding({ ...what, state: "warning", message, advice });
  }
  const message = `${damaged.length} lists are damaged, list ${list.number} counts: ${first.message}`;
  return toFinding({ ...what, state: "warning", message, advice });
};
