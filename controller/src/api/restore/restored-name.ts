import { toIso } from "@holdfast/shared/clock/clock";

const longest = 255;

/** `<name>-restored-<UTC time>`, of characters that an engine allows in names. */
export const restoredName = (name: string, nowMs: number): string => {
  const suffix = `-restored-${toIso(nowMs).slice(0, 19).replaceAll("-", "").replaceAll(":", "")}`;
  return `${name.slice(0, longest - suffix.length)}${suffix}`;
};
