import type { GetRepositoryResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import { keyCheckOf } from "@holdfast/shared/format/repository-keys";
import type { HeldKeys } from "../repositories/keys/keyring.ts";

/** What a repository says of its encryption. */
type Encryption = Pick<GetRepositoryResponse, "keyCheck" | "keyListNumber">;

/** Whether the controller has the key of an encrypted repository; undefined where nothing is encrypted and no key is kept. */
export const keyFinding = (
  name: string,
  { keyCheck, keyListNumber }: Encryption,
  held: Pick<HeldKeys, "master" | "record"> | undefined,
): Finding | undefined => {
  const what = { kind: "key", subject: "key at the controller" } as const;
  const unlock = `holdfast repository key unlock ${name}`;
  if (keyCheck === "") {
    if (held === undefined) return undefined;
    const message = "the controller keeps a key of this repository, and the repository that answers is not encrypted";
    const advice = "do not back up to it: find out who put another repository in its place";
    return toFinding({ ...what, state: "error", message, advice });
  }
  if (held === undefined) {
    const message = "it is encrypted, and the controller does not have its key: backups and restores fail";
    return toFinding({ ...what, state: "error", message, advice: `give its password or recovery key: ${unlock}` });
  }
  if (keyCheckOf(held.master.master) !== keyCheck) {
    const message = "the key that the controller has is not this repository's: backups and restores fail";
    return toFinding({
      ...what,
      state: "error",
      message,
      advice: `give the right password or recovery key: ${unlock}`,
    });
  }
  const { listNumber } = held.record;
  if (keyListNumber < listNumber) {
    const message = `its newest list of keys is number ${keyListNumber}, and the controller has seen number ${listNumber}`;
    const advice = `backups to it fail: restore keys/ of its store, or, where it was put back on purpose, ${unlock}`;
    return toFinding({ ...what, state: "error", message, advice });
  }
  return toFinding({ ...what, message: `at hand; list of keys ${keyListNumber}` });
};
