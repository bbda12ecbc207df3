import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { checkServer } from "../engine/probe.ts";
import type { Host } from "../hypervisor/inventory.ts";
import type { Transfer } from "../hypervisor/transfers.ts";
import type { ManagerCheck } from "./engine-connector.ts";

/** What is known of a manager's hosts when their imageio daemons are looked at. */
export interface KnownHosts {
  readonly hosts: readonly Host[];
  /** Those under way: their URLs tell the ports of their hosts. */
  readonly transfers: readonly Pick<Transfer, "hostId" | "transferUrl">[];
  readonly imageioAnchorPem: string;
  readonly clock: Clock;
}

const atOnce = 32;

/**
 * Whether imageio of each usable host shows a certificate of the pinned anchor. Agents read disks, the controller need not
 * reach a host: one that does not answer here is not checked rather than failed. One that answers as someone else fails.
 */
export const checkHosts = async (known: KnownHosts, signal: AbortSignal): Promise<readonly ManagerCheck[]> => {
  const usable = known.hosts.filter(({ status }) => status === "up");
  return mapBounded(usable, atOnce, (host) => checkHost(known, host, signal), signal);
};

const checkHost = async (
  { transfers, imageioAnchorPem, clock }: KnownHosts,
  host: Host,
  signal: AbortSignal,
): Promise<ManagerCheck> => {
  const name = `imageio of host ${host.name}`;
  const port = portOf(host, transfers);
  const where = `${host.address}:${port}`;
  try {
    await checkServer({ host: host.address, port, anchorPem: imageioAnchorPem }, clock, signal);
    return { name, passed: true, skipped: false, message: `${where} is signed by the pinned anchor` };
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    if (code !== "ENGINE_UNREACHABLE") return { name, passed: false, skipped: false, message: `${code}: ${message}` };
    const reason = `not checked: ${where} does not answer the controller; only agents must reach it`;
    return { name, passed: true, skipped: true, message: reason };
  }
};

/** Where every host of oVirt serves images; the engine tells ports only in the URLs of transfers. */
const usualPort = 54_322;

const portOf = (host: Host, transfers: KnownHosts["transfers"]): number => {
  const url = transfers.find(({ hostId, transferUrl }) => hostId === host.id && transferUrl !== undefined)?.transferUrl;
  const told = url === undefined ? undefined : URL.parse(url)?.port;
  return told === undefined || told === "" ? usualPort : Number(told);
};
