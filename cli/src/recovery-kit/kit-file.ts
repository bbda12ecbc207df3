import { lstat } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { type RecoveryKit, recoveryKitText } from "@holdfast/shared/recovery/recovery-kit";

/** ALREADY_EXISTS when there is something at the path: it may be the kit of another installation, of which there is no other copy. */
export const refuseKitFile = async (path: string): Promise<void> => {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new HoldfastError("ALREADY_EXISTS", `there is something at ${path}; nothing was changed`, {
      details: { path },
    });
};

/** Writes a kit for its owner alone. */
export const writeKitFile = (path: string, kit: RecoveryKit): Promise<void> =>
  writeFileDurably(path, `${recoveryKitText(kit)}\n`, 0o600);
