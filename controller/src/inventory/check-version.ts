import type { EngineIdentity } from "../hypervisor/inventory.ts";
import type { ManagerCheck } from "./engine-connector.ts";

/** The oldest engine that makes backups which Holdfast can take, and the one from which on they are incremental as a rule. */
const oldest = [4, 4];
const whole = [4, 5];

/** Whether the engine's version is one that Holdfast works with. */
export const checkVersion = ({
  productName,
  version,
}: Pick<EngineIdentity, "productName" | "version">): ManagerCheck => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isAtLeast = ([wantedMajor = 0, wantedMinor = 0]: readonly number[]): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const line = { name: "version", skipped: false };
  const what = `${productName} ${version}`;
  if (!isAtLeast(oldest))
    return { ...line, passed: false, message: `${what} is not supported: 4.4.7 is the oldest that is` };
  const told = isAtLeast(whole) ? what : `${what}: disks whose changes are not tracked yet are read in full`;
  return { ...line, passed: true, message: told };
};
