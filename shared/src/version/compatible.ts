import { HoldfastError } from "../errors/holdfast-error.ts";
import { productVersion } from "./product-version.ts";

/** The header that carries the version of the program that calls. */
export const versionHeader = "holdfast-version";

/**
 * Whether two versions may work with each other: the same major version, and minor versions at most one apart. A text that is no
 * version is not compatible with any.
 */
export const isCompatible = (one: string, other: string): boolean => {
  const [left, right] = [parse(one), parse(other)];
  return (
    left !== undefined && right !== undefined && left.major === right.major && Math.abs(left.minor - right.minor) <= 1
  );
};

/** VERSION_UNSUPPORTED when `theirs` may not work with this program; `who` says who they are. */
export const assertCompatible = (who: string, theirs: string, ours: string = productVersion): void => {
  if (isCompatible(theirs, ours)) return;
  throw new HoldfastError(
    "VERSION_UNSUPPORTED",
    `${who} has version ${theirs === "" ? "unknown" : theirs}, this is ${ours}: they must be at most one minor version apart`,
    { details: { theirs, ours } },
  );
};

const parse = (version: string): { readonly major: number; readonly minor: number } | undefined => {
  const match = /^(\d+)\.(\d+)\.\d+/.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
};
