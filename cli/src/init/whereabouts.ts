import { hostname } from "node:os";
import { formatAddress, parseListenAddress } from "@holdfast/shared/rpc/listen-address";

/** Hosts that mean every address of the machine: nobody can dial them. */
const anyHosts: readonly string[] = ["0.0.0.0", "::"];

/** How others dial what listens at an address, when nobody says otherwise. */
export const dialledAt = (listen: string, ownName: string = hostname()): string => {
  const address = parseListenAddress(listen);
  const isAny = address.kind === "tcp" && anyHosts.includes(address.host);
  return formatAddress(isAny ? { ...address, host: ownName } : address);
};

/** `a:1,b:2` as a list; undefined for nothing. */
export const splitAddresses = (text: string | undefined): readonly string[] | undefined => {
  const addresses = (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return addresses.length === 0 ? undefined : addresses;
};
