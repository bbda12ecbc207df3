import type { WrittenFolder } from "@holdfast/shared/doctor/space-finding";

/** Where a repository's server writes and whom it needs, as it was configured. */
export interface ServerSurroundings {
  readonly folders: readonly WrittenFolder[];
  /** Addresses of the controller's API. */
  readonly controllers: readonly string[];
}
