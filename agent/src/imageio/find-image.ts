import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Route } from "../disks/disk-reader.ts";
import { askCapabilities, type ImageCapabilities } from "./image-capabilities.ts";
import { ImageConnection } from "./image-connection.ts";
import { hostOf, type ImageEndpoint, toEndpoint } from "./image-endpoint.ts";

/** What the controller hands over for one disk. Never logged: the URLs are the permission (R12). */
export interface ImagePermission {
  readonly transferUrl: string;
  readonly proxyUrl: string;
  readonly anchorPem: string;
  /** The host that serves it, as the engine names it. */
  readonly hostName: string;
}

/** Where this agent stands, as far as it matters for the way to a host. */
export interface Whereabouts {
  /** The host that this process runs on, as the engine names it; empty for none. */
  readonly hostName: string;
  /** Hosts whose imageio port can be reached, by name or address; `*` for all. */
  readonly reachableHosts: readonly string[];
}

/** An image that answered, with the way it was reached. */
export interface FoundImage {
  readonly endpoint: ImageEndpoint;
  readonly route: Exclude<Route, "stream">;
  readonly capabilities: ImageCapabilities;
  /** A better way was tried and did not answer. */
  readonly hasFallenBack: boolean;
}

interface Way {
  readonly route: "direct" | "proxy";
  readonly endpoint: ImageEndpoint;
}

/**
 * Finds the best way to an image: the host's unix socket when we run there, the host, the engine's proxy. Only a way that is
 * out of reach leads to the next. NO_ROUTE_TO_DISK when none answers.
 */
export const findImage = async (
  permission: ImagePermission,
  where: Whereabouts,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<FoundImage> => {
  const faults: unknown[] = [];
  for (const { route, endpoint } of waysTo(permission, where)) {
    try {
      const capabilities = await ask(endpoint, deps);
      const socket =
        route === "direct" && isHere(permission, where) ? await findSocket(endpoint, capabilities, deps) : undefined;
      return socket ?? { endpoint, route, capabilities, hasFallenBack: faults.length > 0 };
    } catch (caught) {
      deps.signal.throwIfAborted();
      if (!hasCode(caught, "UNAVAILABLE")) throw caught;
      faults.push(caught);
    }
  }
  throw new HoldfastError("NO_ROUTE_TO_DISK", `no way to the image on host ${permission.hostName} answered`, {
    cause: new AggregateError(faults),
  });
};

/** A socket that does not answer, or does not know the ticket, is another machine's. */
const findSocket = async (
  direct: ImageEndpoint,
  { unixSocket }: ImageCapabilities,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<FoundImage | undefined> => {
  if (unixSocket === undefined) return undefined;
  const endpoint: ImageEndpoint = { ...direct, socketPath: unixSocket };
  try {
    return { endpoint, route: "socket", capabilities: await ask(endpoint, deps), hasFallenBack: false };
  } catch (caught) {
    deps.signal.throwIfAborted();
    if (hasCode(caught, "UNAVAILABLE", "TICKET_REFUSED")) return undefined;
    throw caught;
  }
};

const ask = async (
  endpoint: ImageEndpoint,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ImageCapabilities> => {
  await using connection = new ImageConnection(endpoint, clock);
  return await askCapabilities(connection, signal);
};

const waysTo = (
  { transferUrl, proxyUrl, anchorPem, hostName }: ImagePermission,
  where: Whereabouts,
): readonly Way[] => {
  const direct = toEndpoint(transferUrl, anchorPem);
  const isReachable =
    isNamed(where.hostName, hostName) ||
    where.reachableHosts.some((host) => host === "*" || isNamed(host, hostName) || isNamed(host, hostOf(direct)));
  const ways: Way[] = isReachable ? [{ route: "direct", endpoint: direct }] : [];
  if (proxyUrl !== "" && proxyUrl !== transferUrl)
    ways.push({ route: "proxy", endpoint: toEndpoint(proxyUrl, anchorPem) });
  return ways.length > 0 ? ways : [{ route: "direct", endpoint: direct }];
};

const isHere = ({ hostName, transferUrl, anchorPem }: ImagePermission, where: Whereabouts): boolean =>
  isNamed(where.hostName, hostName) || isNamed(where.hostName, hostOf(toEndpoint(transferUrl, anchorPem)));

const isNamed = (left: string, right: string): boolean => left !== "" && left.toLowerCase() === right.toLowerCase();
