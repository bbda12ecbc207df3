import type { CaptureRemark } from "../capture/reasons.ts";
import type { SavedVm } from "../hypervisor/vm-configuration.ts";

/** Tells that a point is without what the engine did not tell of its VM (R10). */
export const unreadRemarks = ({ unread = [] }: Pick<SavedVm, "unread">): CaptureRemark[] =>
  unread.map((what) => ({
    level: "warning",
    code: "SETTINGS_NOT_READ",
    message: `the saved configuration is without ${what}`,
    diskId: "",
  }));
