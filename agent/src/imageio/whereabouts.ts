import type { Route } from "../disks/disk-reader.ts";
import { hostOf, toEndpoint } from "./image-endpoint.ts";
import type { ImagePermission } from "./image-permission.ts";

/** Where this agent stands and which ways it may take, as far as it matters for coming to a disk. */
export interface Whereabouts {
  /** The host that this process runs on, as the engine names it; empty for none. */
  readonly hostName: string;
  /** Hosts whose imageio port can be reached, by name or address; `*` for all. */
  readonly reachableHosts: readonly string[];
  /** The ways that its operator allows. */
  readonly routes: readonly Route[];
}

/** True when this process runs on the host that serves the image. */
export const isHere = (permission: ImagePermission, { hostName }: Whereabouts): boolean =>
  isNamed(hostName, permission.hostName) || isNamed(hostName, addressOf(permission));

/** True when the host's imageio is said to be within reach. */
export const isWithinReach = (permission: ImagePermission, where: Whereabouts): boolean =>
  isHere(permission, where) ||
  where.reachableHosts.some(
    (host) => host === "*" || isNamed(host, permission.hostName) || isNamed(host, addressOf(permission)),
  );

const addressOf = ({ transferUrl, anchorPem }: ImagePermission): string => hostOf(toEndpoint(transferUrl, anchorPem));

const isNamed = (left: string, right: string): boolean => left !== "" && left.toLowerCase() === right.toLowerCase();
