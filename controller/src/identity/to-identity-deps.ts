import type { ControllerConfig } from "../config/controller-config.ts";
import type { IdentityDeps } from "./identity-deps.ts";
import type { OpenIdentity } from "./open-identity.ts";
import { type Listening, whereaboutsOf } from "./whereabouts.ts";

/** What the identity part of a controller is put together from. */
interface IdentityParts extends Pick<IdentityDeps, "database" | "clock" | "random" | "log" | "push"> {
  readonly config: ControllerConfig;
  readonly listening: Listening;
}

/** Puts together what inviting, enrolling, renewing and revoking need. */
export const toIdentityDeps = (
  { installation, authority, members, holder }: OpenIdentity,
  { config, listening, ...parts }: IdentityParts,
): IdentityDeps => ({
  ...parts,
  authority,
  members,
  holder,
  whereabouts: () => whereaboutsOf(config, installation, listening),
  folder: installation.files.folder,
  certificateLifeMs: config.identity.certificateLifeMs,
});
