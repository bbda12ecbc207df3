import { BlockList } from "node:net";

import type { NicConfiguration } from "../model/initialization.ts";

/** A NIC of a guest with what its network is. */
export interface NetworkPlug {
  readonly nicId: string;
  /** False without a link, without a profile, and on an isolated network. */
  readonly isConnected: boolean;
  readonly subnet?: string | undefined;
}

/** What a guest has of the network. */
export interface GuestNetwork {
  /** Addresses by NIC. */
  readonly addresses: Readonly<Record<string, string>>;
  /** True when none of its NICs reaches anybody. */
  readonly isIsolated: boolean;
}

/** Where guests really are, and what they report on networks without a subnet. */
const loopback = "127.0.0.1";

const isInside = (subnet: string, address: string): boolean => {
  const [base = "", prefix = ""] = subnet.split("/");
  const block = new BlockList();
  block.addSubnet(base, Number(prefix));
  return block.check(address);
};

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

const toAddress = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/** The first address of the subnet, from the tenth on, that nobody has. */
const leaseOf = (subnet: string, taken: ReadonlySet<string>): string | undefined => {
  const [base = ""] = subnet.split("/");
  for (let next = toNumber(base) + 10; isInside(subnet, toAddress(next + 1)); next += 1) {
    if (!taken.has(toAddress(next))) return toAddress(next);
  }
  return undefined;
};

const addressOf = (
  { subnet }: NetworkPlug,
  configured: NicConfiguration | undefined,
  taken: ReadonlySet<string>,
): string | undefined => {
  if (configured === undefined || (configured.onBoot && configured.protocol === "dhcp")) {
    return subnet === undefined ? loopback : leaseOf(subnet, taken);
  }
  return configured.onBoot && configured.protocol === "static" ? configured.address : undefined;
};

/**
 * Which addresses a guest gets and whether it reaches anybody. Configurations are taken in the order of the NICs; when there
 * are some, a NIC without one gets no address; when there are none, each asks for one by DHCP. A static address outside the
 * network's subnet is shown, and reaches nobody.
 */
export const decideNetwork = (
  plugs: readonly NetworkPlug[],
  configurations: readonly NicConfiguration[],
  taken: ReadonlySet<string>,
): GuestNetwork => {
  const addresses: Record<string, string> = {};
  let isIsolated = true;
  for (const [index, plug] of plugs.entries()) {
    const isForgotten = configurations.length > 0 && configurations[index] === undefined;
    const used = new Set([...taken, ...Object.values(addresses)]);
    const address = isForgotten ? undefined : addressOf(plug, configurations[index], used);
    const isLeased = configurations[index]?.protocol !== "static";
    if (address === undefined || (isLeased && !plug.isConnected)) continue;
    addresses[plug.nicId] = address;
    if (plug.isConnected && (plug.subnet === undefined || isInside(plug.subnet, address))) isIsolated = false;
  }
  return { addresses, isIsolated };
};
