import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

const namePattern = /^[0-9a-z-]+(?:\.[0-9a-z]+)?(?:\/[0-9a-z-]+(?:\.[0-9a-z]+)?)*$/;

/** The name itself; INVALID_ARGUMENT when no object or folder may be called so. */
export const requireObjectName = (name: string): string => {
  if (namePattern.test(name)) return name;
  throw new HoldfastError("INVALID_ARGUMENT", `${name} is no object's name`);
};
