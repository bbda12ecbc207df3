import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Route } from "../disks/disk-reader.ts";
import { askCapabilities, type ImageCapabilities } from "./image-capabilities.ts";
import { ImageConnection } from "./image-connection.ts";
import { type ImageEndpoint, toEndpoint } from "./image-endpoint.ts";
import type { ImagePermission } from "./image-permission.ts";

/** An image that answered, with the way it was reached. */
export interface FoundImage {
  readonly endpoint: ImageEndpoint;
  readonly route: Exclude<Route, "stream">;
  readonly capabilities: ImageCapabilities;
}

/** What asking an image needs. */
export interface ReachDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The image at the host that serves it. UNAVAILABLE when the host is out of reach, TICKET_REFUSED when it does not take the ticket. */
export const reachHost = async (permission: ImagePermission, deps: ReachDeps): Promise<FoundImage> =>
  await reach("direct", endpointOf(permission, permission.transferUrl), deps);

/** The image through the engine's proxy; the same failures. */
export const reachProxy = async (permission: ImagePermission, deps: ReachDeps): Promise<FoundImage> =>
  await reach("proxy", endpointOf(permission, permission.proxyUrl), deps);

/**
 * The same image through the unix socket that its host told of, for who runs there. Undefined when the socket does not answer
 * or does not know the ticket: then it is another machine's.
 */
export const reachSocket = async (
  { endpoint, capabilities: { unixSocket } }: FoundImage,
  deps: ReachDeps,
): Promise<FoundImage | undefined> => {
  if (unixSocket === undefined) return undefined;
  try {
    return await reach("socket", { ...endpoint, socketPath: unixSocket }, deps);
  } catch (caught) {
    deps.signal.throwIfAborted();
    if (hasCode(caught, "UNAVAILABLE", "TICKET_REFUSED")) return undefined;
    throw caught;
  }
};

const reach = async (
  route: FoundImage["route"],
  endpoint: ImageEndpoint,
  { clock, signal }: ReachDeps,
): Promise<FoundImage> => {
  await using connection = new ImageConnection(endpoint, clock);
  const capabilities = await askCapabilities(connection, signal);
  return { route, endpoint: { ...endpoint, restsByReading: !capabilities.hasOptions }, capabilities };
};

/** Four requests in the time that a transfer may idle, so that a lost one or two do not matter. */
const restsPerTimeout = 4;
const longestRestMs = 15_000;

const endpointOf = ({ anchorPem, inactivityTimeoutS }: ImagePermission, url: string): ImageEndpoint => ({
  ...toEndpoint(url, anchorPem),
  restMs:
    inactivityTimeoutS > 0 ? Math.min(longestRestMs, (inactivityTimeoutS * 1_000) / restsPerTimeout) : longestRestMs,
});
