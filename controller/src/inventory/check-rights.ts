import { type NeededPermit, engineRoleName, neededPermits } from "@holdfast/shared/rights/needed-permits";

import type { HeldRights } from "../hypervisor/rights.ts";
import type { ManagerCheck } from "./engine-connector.ts";

const name = "rights";

/** What an engine's user lacks, a line for each permit with what does not work without it; one line when nothing is missing. */
export const checkRights = (held: HeldRights | undefined): readonly ManagerCheck[] => {
  if (held === undefined) return [unknown];
  const missing = neededPermits.flatMap((needed) => checkPermit(needed, held));
  const all = held.administrative ? missing : [plain, ...missing];
  return all.length > 0 ? all : [{ ...fine, message: `all ${neededPermits.length} permits are there` }];
};

const fine = { name, passed: true, skipped: false };

const unknown: ManagerCheck = {
  ...fine,
  skipped: true,
  message: "the engine does not show which of its accounts is ours: the first session will tell what is missing",
};

const plain: ManagerCheck = {
  ...fine,
  passed: false,
  message: "no role of the user is administrative: hosts and other users' objects are not shown to it",
};

const checkPermit = (needed: NeededPermit, { everywhere, narrow }: HeldRights): readonly ManagerCheck[] => {
  const { permit, without, onSystem } = needed;
  if (everywhere.includes(permit)) return [];
  const line = { name: `permit ${permit}`, skipped: false };
  const places = narrow.filter((one) => one.permit === permit).map(({ on }) => on);
  if (places.length === 0) return [{ ...line, passed: false, message: `missing: ${without} (${cure})` }];
  const only = `only on ${places.join(", ")}`;
  if (onSystem === true)
    return [{ ...line, passed: false, message: `${only}, and the engine asks for it on the system: ${without}` }];
  return [{ ...line, passed: true, message: `${only}: elsewhere ${without}` }];
};

const cure = `role ${engineRoleName}, deploy/engine/create-role.sh`;
