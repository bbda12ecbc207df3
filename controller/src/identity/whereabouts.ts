import type { Installation } from "@holdfast/shared/installation/open-installation";
import type { ControllerConfig } from "../config/controller-config.ts";
import type { Whereabouts } from "./identity-deps.ts";

/** Where the API listens, once it does. */
export interface Listening {
  addresses: readonly string[];
}

/** What members are told: the configuration, else what the installation was made with, else where the API listens. */
export const whereaboutsOf = (
  config: Pick<ControllerConfig, "identity" | "bus">,
  { membership }: Pick<Installation, "membership">,
  { addresses }: Listening,
): Whereabouts => ({
  controllers: config.identity.controllers ?? (membership.controllers.length > 0 ? membership.controllers : addresses),
  busServers: config.identity.busServers ?? config.bus.servers ?? membership.busServers,
});
