import type { Engine } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import type { StorageDomain } from "../model/inventory.ts";
import { criticalBytesOf, spaceOf } from "./domain-space.ts";

const shown = { active: "Active", maintenance: "Maintenance", inactive: "Inactive", locked: "Locked" } as const;

/** Refuses what needs a domain that is not active. */
export const checkDomainActive = (domain: StorageDomain, action: string): void => {
  const status = domain.status ?? "active";
  if (status !== "active") throw conflict(`${action}. The relevant Storage Domain's status is ${shown[status]}.`);
};

/** Refuses what needs room on a domain whose space is, or with this many bytes more would be, at the critical level. */
export const checkDomainRoom = (engine: Engine, domain: StorageDomain, action: string, wantedBytes = 0): void => {
  const { availableBytes } = spaceOf(engine.world, domain);
  if (availableBytes - wantedBytes >= criticalBytesOf(domain)) return;
  throw conflict(`${action}. Low disk space on Storage Domain ${domain.name}.`);
};

/** The domains of some disks, each once. */
export const domainsOf = (engine: Engine, diskIds: readonly string[]): readonly StorageDomain[] => {
  const ids = new Set(diskIds.flatMap((id) => engine.world.disks.get(id)?.storageDomainId ?? []));
  return [...ids].flatMap((id) => engine.world.storageDomains.get(id) ?? []);
};

/** Refuses what needs the domains of some disks to be active, and to have room when something new comes to be there. */
export const checkDomains = (
  engine: Engine,
  diskIds: readonly string[],
  action: string,
  needs: "access" | "room",
): void => {
  for (const domain of domainsOf(engine, diskIds)) {
    checkDomainActive(domain, action);
    if (needs === "room") checkDomainRoom(engine, domain, action);
  }
};
