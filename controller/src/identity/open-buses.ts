import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { BusKey } from "@holdfast/shared/identity/identity-folder";
import { controllerOwner } from "@holdfast/shared/installation/make-installation";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { ControllerConfig } from "../config/controller-config.ts";
import type { OpenIdentity } from "./open-identity.ts";

/** A controller's connections to the bus. */
export interface OpenBuses {
  /** Where they are dialled. */
  readonly servers: readonly string[];
  readonly own: Bus;
  readonly system: Bus;
}

/** Two connections: one among the agents, and one in the servers' own account. */
export const openBuses = async (
  stack: AsyncDisposableStack,
  { installation, holder }: Pick<OpenIdentity, "installation" | "holder">,
  {
    config,
    log,
    clock,
  }: { readonly config: Pick<ControllerConfig, "bus">; readonly log: Logger; readonly clock: Clock },
): Promise<OpenBuses> => {
  const ownerId = controllerOwner(installation.installationId);
  const servers = config.bus.servers ?? installation.membership.busServers;
  const open = (name: string, key: BusKey): Promise<Bus> =>
    openBus({ servers, credentials: busCredentials(holder, key), name, ownerId, log, clock });
  return {
    servers,
    own: stack.use(await open("controller", installation.busKey)),
    system: stack.use(await open("controller, for the servers", installation.systemBusKey)),
  };
};
