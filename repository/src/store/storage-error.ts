import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ErrorCode } from "@holdfast/shared/errors/codes";

/** The system's code of an error, such as ENOSPC; undefined for anything else. */
export const systemCodeOf = (caught: unknown): string | undefined =>
  caught instanceof Error && "code" in caught && typeof caught.code === "string" ? caught.code : undefined;

const knownCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ["ENOSPC", "REPOSITORY_FULL"],
  ["EDQUOT", "REPOSITORY_FULL"],
  ["ENOENT", "NOT_FOUND"],
  ["ENOTDIR", "NOT_FOUND"],
  ["EACCES", "STORE_DENIED"],
  ["EROFS", "STORE_DENIED"],
]);

/** Turns what a file operation threw into an error of ours; `doing` says what failed, such as `writing packs/…`. */
export const toStorageError = (caught: unknown, doing: string): HoldfastError => {
  if (caught instanceof HoldfastError) return caught;
  const systemCode = systemCodeOf(caught);
  const suffix = systemCode === undefined ? "" : ` (${systemCode})`;
  return new HoldfastError(knownCodes.get(systemCode ?? "") ?? "IO_FAILED", `${doing} failed${suffix}`, {
    cause: caught,
  });
};
