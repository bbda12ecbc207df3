import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Inventory, StorageDomain, VnicProfile } from "../hypervisor/inventory.ts";
import type { WorkerDefinition } from "./worker-definition.ts";

/** The names of a definition as the engine's objects. */
export interface WorkerPlaces {
  readonly hostIds: readonly string[];
  /** Undefined: the template's own. */
  readonly storageDomainId: string | undefined;
  /** One for each network of the definition. */
  readonly vnicProfileIds: readonly string[];
}

/** What of an engine the names are looked up in. */
export interface Places {
  readonly inventory: Pick<Inventory, "clusters" | "hosts" | "storageDomains">;
  readonly profiles: readonly VnicProfile[];
}

/** Finds what a definition names; INVALID_ARGUMENT for what the engine does not have, or has more than once. */
export const resolvePlaces = (definition: WorkerDefinition, { inventory, profiles }: Places): WorkerPlaces => {
  const cluster = inventory.clusters.find(({ id }) => id === definition.clusterId);
  if (cluster === undefined) throw unknown(`no cluster ${definition.clusterId}`);
  const { dataCenterId } = cluster;
  const hosts = inventory.hosts.filter(({ clusterId }) => clusterId === cluster.id);
  const near = profiles.filter(
    (profile) =>
      profile.dataCenterId === undefined || dataCenterId === undefined || profile.dataCenterId === dataCenterId,
  );
  return {
    hostIds: definition.hosts.map((wanted) => {
      const host = hosts.find(({ id, name, address }) => [id, name, address].includes(wanted));
      if (host === undefined) throw unknown(`cluster ${cluster.name} has no host ${wanted}`);
      return host.id;
    }),
    storageDomainId: domainFor(definition, inventory.storageDomains.filter(isNear(dataCenterId))),
    vnicProfileIds: definition.networks.map(({ network }) => profileFor(network, near)),
  };
};

const isNear =
  (dataCenterId: string | undefined) =>
  (domain: StorageDomain): boolean =>
    domain.type === "data" &&
    !domain.forBackup &&
    (dataCenterId === undefined || domain.dataCenterIds.length === 0 || domain.dataCenterIds.includes(dataCenterId));

const domainFor = (
  { storageDomain, source }: WorkerDefinition,
  domains: readonly StorageDomain[],
): string | undefined => {
  if (storageDomain === "" && source.kind === "template") return undefined;
  const found =
    storageDomain === ""
      ? domains.toSorted((one, other) => (other.availableBytes ?? 0) - (one.availableBytes ?? 0)).at(0)
      : domains.find(({ id, name }) => id === storageDomain || name === storageDomain);
  if (found !== undefined) return found.id;
  throw unknown(
    storageDomain === ""
      ? "the cluster's data center has no storage domain for disks"
      : `the cluster's data center has no storage domain ${storageDomain} for disks`,
  );
};

/** `profile@network`, an id, or a network whose one profile, or the one of its own name, is meant. */
const profileFor = (wanted: string, profiles: readonly VnicProfile[]): string => {
  const exact = profiles.filter(({ id, name, networkName }) => id === wanted || `${name}@${networkName}` === wanted);
  const ofNetwork = profiles.filter(({ networkName }) => networkName === wanted);
  const namesake = ofNetwork.filter(({ name }) => name === wanted);
  const candidates = [exact, namesake, ofNetwork].find(({ length }) => length > 0) ?? [];
  const [found, another] = candidates;
  if (found === undefined) throw unknown(`the cluster's data center has no network or vNIC profile ${wanted}`);
  if (another === undefined) return found.id;
  const names = candidates.map(({ name, networkName }) => `${name}@${networkName}`).sort();
  throw unknown(`network ${wanted} has several vNIC profiles, name one: ${names.join(", ")}`);
};

const unknown = (message: string): HoldfastError => new HoldfastError("INVALID_ARGUMENT", message);
