import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";
import { vmConfigurationSchema } from "../hypervisor/vm-configuration.ts";

const schema = z.object({
  v: z.literal(1),
  stage: z.enum(["planned", "ready"]),
  /** The disks of the point with the new disks that take their content; made when `ready`. */
  targets: z.array(z.object({ pointDiskId: z.string(), targetDiskId: z.string(), sizeBytes: z.number() })),
  /** Where the content of each disk begins, by the point's manifest: disk id → root. */
  roots: z.record(z.string(), z.string()).default({}),
  /** Without what the guest is told at its first start. */
  configuration: vmConfigurationSchema,
  /** That, as JSON, sealed for the attempt as the OVF is; empty for none. */
  initialization: z.string().default(""),
  ovf: z.string(),
});

/** What was made ready for an attempt of a restore. */
export type PreparedRestore = z.output<typeof schema>;

/** Reads `attempt.prepared`; null when nothing was prepared. */
export const parsePreparedRestore = (prepared: unknown): PreparedRestore | null =>
  prepared === null ? null : schema.parse(prepared);

/** The disks of an attempt that is ready; FAILED_PRECONDITION before. */
export const readyRestoreOf = (prepared: unknown): PreparedRestore => {
  const parsed = parsePreparedRestore(prepared);
  if (parsed?.stage === "ready") return parsed;
  throw new HoldfastError("FAILED_PRECONDITION", "the attempt's disks are not ready");
};
