import type { Session } from "../sessions/session.ts";

/** Kinds of sessions that work on a repository itself, without VMs: a copy has tasks, as backups have. */
export const maintenanceKinds = [
  "repository-verify",
  "repository-gc",
  "point-verify",
  "repository-rescan",
] as const satisfies readonly Session["kind"][];

/** One of them. */
export type MaintenanceKind = (typeof maintenanceKinds)[number];

/** Kinds of which a repository does one at a time, whichever of them; the others may run beside them. */
const exclusiveKinds: readonly MaintenanceKind[] = ["repository-verify", "repository-gc"];

/** True when two sessions on one repository may not run at the same time. */
export const excludeEachOther = (a: MaintenanceKind, b: MaintenanceKind): boolean =>
  exclusiveKinds.includes(a) && exclusiveKinds.includes(b);
