import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { parseEngineAddress } from "../engine/engine-address.ts";
import { openOvirtEngine } from "../engine/ovirt-engine.ts";
import { checkServer, factsOfPem, probeAnchors } from "../engine/probe.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Cluster, Host } from "../hypervisor/inventory.ts";
import { type Transfer, isTransferOver } from "../hypervisor/transfers.ts";
import { checkCapability } from "./check-capability.ts";
import { checkHosts } from "./check-hosts.ts";
import { checkRights } from "./check-rights.ts";
import type { EngineAddress, EngineConnector, ManagerCheck, TestedEngine } from "./engine-connector.ts";

/** Connections to oVirt engines. */
export const createOvirtEngines = (clock: Clock, log: Logger): EngineConnector => ({
  open: ({ url, apiAnchorPem, engineInstanceId }, credentials, refusedReason) => {
    const loginState =
      refusedReason === null ? undefined : ({ state: "credentials-refused", reason: refusedReason } as const);
    const instanceId = engineInstanceId === "" ? undefined : engineInstanceId;
    return openOvirtEngine({ url, credentials, apiAnchorPem, loginState, instanceId }, { clock, log });
  },
  probe: (url, signal) => probeAnchors(url, clock, signal),
  checkApi: (url, anchorPem, signal) => {
    const { host, port } = parseEngineAddress(url);
    return checkServer({ host, port, anchorPem }, clock, signal);
  },
  describeAnchor: (pem) => factsOfPem(pem, clock.nowMs()),
  test: (hypervisor, address, signal) => testManager({ hypervisor, address, clock }, signal),
});

interface Tested {
  readonly hypervisor: Hypervisor;
  readonly address: TestedEngine;
  readonly clock: Clock;
}

const testManager = async (
  { hypervisor, address, clock }: Tested,
  signal: AbortSignal,
): Promise<readonly ManagerCheck[]> => {
  const { host, port } = parseEngineAddress(address.url);
  const anchor = await check("address and anchor of the API", signal, async () => {
    await checkServer({ host, port, anchorPem: address.apiAnchorPem }, clock, signal);
    return `${host}:${port} is signed by the pinned anchor`;
  });
  if (!anchor.passed) return [anchor];
  let engineVersion = "";
  const login = await check("login", signal, async () => {
    engineVersion = (await hypervisor.identify(signal)).version;
    return `${address.username} is let in`;
  });
  if (!login.passed) return [anchor, login];
  let hosts: readonly Host[] = [];
  let clusters: readonly Cluster[] = [];
  const inventory = await check("inventory", signal, async () => {
    const found = await hypervisor.readInventory(signal);
    ({ hosts, clusters } = found);
    return `${found.vms.length} VMs, ${hosts.length} hosts, ${clusters.length} clusters`;
  });
  let transfers: readonly Transfer[] = [];
  // Listing transfers needs the rights that backups need for finding their own again.
  const listing = await check("image transfers", signal, async () => {
    transfers = await hypervisor.listTransfers(signal);
    return `${transfers.filter((one) => !isTransferOver(one)).length} under way`;
  });
  const rights = await rightsOf(hypervisor, address.username, signal);
  const { imageioAnchorPem } = address;
  const ofHosts = await checkHosts({ hosts, transfers, imageioAnchorPem, clock }, signal);
  const capability = checkCapability(engineVersion, clusters);
  return [anchor, login, ...capability, inventory, listing, ...rights, ...ofHosts, ...anchorChecks(address, clock)];
};

const rightsOf = async (
  hypervisor: Hypervisor,
  username: string,
  signal: AbortSignal,
): Promise<readonly ManagerCheck[]> => {
  let checks: readonly ManagerCheck[] = [];
  const reading = await check("rights", signal, async () => {
    checks = checkRights(await hypervisor.readRights(username, signal));
    return "";
  });
  return reading.passed ? checks : [reading];
};

const soonDays = 30;

const anchorChecks = ({ apiAnchorPem, imageioAnchorPem }: EngineAddress, clock: Clock): readonly ManagerCheck[] =>
  [
    { name: "API anchor's validity", pem: apiAnchorPem },
    { name: "imageio anchor's validity", pem: imageioAnchorPem },
  ].map(({ name, pem }) => {
    const { daysLeft } = factsOfPem(pem, clock.nowMs());
    return { name, passed: daysLeft >= soonDays, skipped: false, message: `${daysLeft} days left` };
  });

const check = async (name: string, signal: AbortSignal, look: () => Promise<string>): Promise<ManagerCheck> => {
  try {
    return { name, passed: true, skipped: false, message: await look() };
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    return { name, passed: false, skipped: false, message: `${code}: ${message}` };
  }
};
