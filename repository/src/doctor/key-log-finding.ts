import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import type { KeyLog } from "../store/key-log.ts";

/** Whether the lists of keys of an encrypted repository can be read: without any, a password and a recovery key open nothing. */
export const keyLogFinding = (log: KeyLog | undefined): Finding => {
  const what = { kind: "key", subject: "log of keys" } as const;
  const { list, damaged = [] } = log ?? {};
  const advice = "write a new list: holdfast repository key change-password";
  const [first] = damaged;
  if (list === undefined) {
    const message = `no list of keys is whole: ${first?.message ?? "there is none"}`;
    return toFinding({ ...what, state: "error", message, advice });
  }
  if (first === undefined) return toFinding({ ...what, message: `list ${list.number} is whole` });
  const message = `${damaged.length} lists are damaged, list ${list.number} counts: ${first.message}`;
  return toFinding({ ...what, state: "warning", message, advice });
};
