import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Manifest } from "@holdfast/shared/format/manifest";
import { type VmConfiguration, vmConfigurationSchema } from "../hypervisor/vm-configuration.ts";
import type { FoundPoint } from "../repositories/find-point.ts";
import type { Keyring } from "../repositories/keys/keyring.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";

/** A point with everything its manifest says. */
export interface ReadPoint {
  readonly repository: RepositoryConnection;
  readonly summary: PointSummary;
  readonly manifest: Manifest;
  readonly configuration: VmConfiguration;
}

/** Reads a point that was found; its configuration is checked, never guessed. KEY_MISSING when it is sealed. */
export const readFoundPoint = async (
  keys: Keyring,
  { repository, summary, manifest: bytes }: FoundPoint,
  signal: AbortSignal,
): Promise<ReadPoint> => {
  const manifest = await keys.openManifest(repository, bytes, signal);
  return { repository, summary, manifest, configuration: configurationOf(summary.pointId, manifest) };
};

const configurationOf = (pointId: string, { sealed }: Manifest): VmConfiguration => {
  const text = sealed.configurationJson;
  const parsed = vmConfigurationSchema.safeParse(text === "" ? undefined : JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new HoldfastError(
    "SCHEMA_TOO_NEW",
    `the VM configuration in point ${pointId} is not one that this version knows`,
    { cause: parsed.error },
  );
};
