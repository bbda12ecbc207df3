import type { SessionId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import { remarkSchema } from "../sessions/remark.ts";
import type { MaintenanceKind } from "./maintenance-kind.ts";

/** A VM whose newest point is read back after a session of its job. */
const verifiedVmSchema = z.object({
  engineInstanceId: z.string(),
  vmId: z.string(),
  vmName: z.string(),
  /** What the session made of it; empty when that failed: then it is the newest good point of before. */
  pointId: z.string(),
  /** What was found; null until it was read back. */
  found: z.array(remarkSchema).nullable(),
});
export type VerifiedVm = z.output<typeof verifiedVmSchema>;

/** What an operation on a repository is asked for; each kind uses what it needs. */
export const maintenanceRequestSchema = z.object({
  /** Ends a verification after that many bytes; 0 for none. */
  budgetBytes: z.number().int().nonnegative().default(0),
  /** Only says what would be done. */
  dryRun: z.boolean().default(false),
  /** The point that it is about; empty for none. */
  pointId: z.string().default(""),
  /** The VMs of a session that is over; none for the one point. */
  vms: z.array(verifiedVmSchema).default([]),
  /** Whatever else a kind needs, as JSON. */
  details: z.string().default(""),
});
export type MaintenanceRequest = z.output<typeof maintenanceRequestSchema>;

/** What a session of maintenance is to do: the session itself is stored as all others are. */
export interface Maintenance {
  readonly sessionId: SessionId;
  readonly kind: MaintenanceKind;
  readonly repositoryId: string;
  readonly request: MaintenanceRequest;
}
