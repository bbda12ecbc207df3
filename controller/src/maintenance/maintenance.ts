import type { SessionId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import type { MaintenanceKind } from "./maintenance-kind.ts";

/** What an operation on a repository is asked for; each kind uses what it needs. */
export const maintenanceRequestSchema = z.object({
  /** Ends a verification after that many bytes; 0 for none. */
  budgetBytes: z.number().int().nonnegative().default(0),
  /** Only says what would be done. */
  dryRun: z.boolean().default(false),
  /** The point that it is about; empty for none. */
  pointId: z.string().default(""),
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
