import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/**
 * What the engine says instead of beginning a capture, in the words of `Accept-Language: en-US`, and what that means. Words that
 * mean the same everywhere have their code already (`faults.ts`).
 */
const table: readonly { readonly says: RegExp; readonly code: ErrorCode }[] = [
  { says: /Hosted Engine VM is not supported/i, code: "HOSTED_ENGINE_VM" },
  { says: /during a backup operation|backup operation is currently in progress/i, code: "VM_IN_BACKUP" },
  { says: /previewing a Snapshot/i, code: "VM_PREVIEWING" },
  { says: /disks are locked|VM is locked/i, code: "DISKS_LOCKED" },
  { says: /are not active on VM|disks do not exist/i, code: "DISKS_CHANGED" },
  { says: /Low disk space/i, code: "DOMAIN_SPACE_CRITICAL" },
];

/**
 * The refusal to begin a capture under its own code, with the engine's words; any other error as it is. Only for the start of a
 * capture: the same words elsewhere are a conflict that passes.
 */
export const captureRefusalOf = (caught: unknown): unknown => {
  if (!(caught instanceof HoldfastError)) return caught;
  const detail = String(caught.details["detail"] ?? "");
  const row = table.find(({ says }) => says.test(detail));
  if (row === undefined || row.code === caught.code) return caught;
  return new HoldfastError(row.code, caught.message, { details: caught.details, cause: caught });
};
