import type { Clock } from "@holdfast/shared/clock/clock";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { parseEngineAddress } from "../engine/engine-address.ts";
import type { Host } from "../hypervisor/inventory.ts";
import type { Transfer } from "../hypervisor/transfers.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import type { EnginePorts } from "./engine-ports.ts";

/** Where something of an engine listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A host with where it serves images. */
export interface HostView extends Pick<Host, "name" | "address" | "clusterId" | "status"> {
  readonly imageio: Endpoint;
}

/** What is to be reached of a manager. */
export interface EngineView {
  readonly managerId: string;
  readonly name: string;
  readonly api: Endpoint;
  readonly proxy: Endpoint;
  readonly hosts: readonly HostView[];
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
}

type PortTelling = Pick<Transfer, "hostId" | "transferUrl" | "proxyUrl">;

/** What is known of each manager; asks those that are connected for transfers under way, whose URLs tell the ports. */
export const viewEngines = (
  managers: readonly ManagerConnection[],
  { ports, clock }: { readonly ports: EnginePorts; readonly clock: Clock },
  signal: AbortSignal,
): Promise<readonly EngineView[]> =>
  mapBounded(
    managers,
    8,
    async (manager, each) =>
      viewEngine(manager, await listTransfers(manager, AbortSignal.any([each, clock.timeout(askMs)])), ports),
    signal,
  );

const askMs = 5_000;

/** Ports that cannot be asked for are the configured ones; whether the engine answers is looked at elsewhere. */
const listTransfers = async (manager: ManagerConnection, signal: AbortSignal): Promise<readonly PortTelling[]> => {
  if (manager.condition.state !== "connected") return [];
  try {
    return await manager.hypervisor.listTransfers(signal);
  } catch {
    return [];
  }
};

type ManagerFacts = Pick<ManagerConnection, "record" | "inventory">;

/** What is to be reached of one manager. */
export const viewEngine = (
  { record, inventory }: ManagerFacts,
  transfers: readonly PortTelling[],
  ports: EnginePorts,
): EngineView => {
  const { managerId, name, apiAnchorPem, imageioAnchorPem } = record;
  const api = parseEngineAddress(record.url);
  const proxy = toldEndpoint(transfers.map(({ proxyUrl }) => proxyUrl)) ?? { host: api.host, port: ports.proxyPort };
  return {
    managerId,
    name,
    apiAnchorPem,
    imageioAnchorPem,
    proxy,
    api: { host: api.host, port: api.port },
    hosts: (inventory?.hosts ?? []).map((host) => {
      const told = toldEndpoint(transfers.filter(({ hostId }) => hostId === host.id).map((one) => one.transferUrl));
      const port = told?.port ?? ports.imageioPortOf[host.name] ?? ports.imageioPort;
      const { address, clusterId, status } = host;
      return { name: host.name, address, clusterId, status, imageio: { host: address, port } };
    }),
  };
};

const toldEndpoint = (urls: readonly (string | undefined)[]): Endpoint | undefined => {
  const url = urls.map((text) => (text === undefined ? null : URL.parse(text))).find((one) => one !== null);
  if (url === undefined || url === null || url.port === "") return undefined;
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
};
