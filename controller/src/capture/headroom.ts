import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AttachedDisk, StorageDomain } from "../hypervisor/inventory.ts";
import type { HeadroomPolicy } from "./headroom-policy.ts";

/** What is asked of the free space of the domains that a VM's disks lie on. */
export interface HeadroomQuestion {
  readonly vmName: string;
  /** Disks that are or would be frozen. */
  readonly disks: readonly Pick<AttachedDisk, "id" | "sizeBytes" | "storageDomainIds">[];
  readonly domains: readonly StorageDomain[];
  readonly policy: HeadroomPolicy;
}

/** What is asked while a capture runs. */
export interface WatchQuestion extends Pick<HeadroomQuestion, "vmName" | "domains" | "policy"> {
  /** Storage domains that its disks lie on. */
  readonly domainIds: readonly string[];
}

/**
 * Why a capture that needs room (every kind but a cold one) may not begin: what the guest writes while its disks are frozen goes to
 * scratch disks or to a layer on the same domains. DOMAIN_SPACE_CRITICAL where the engine itself makes nothing new,
 * HEADROOM_MISSING where less is free than the policy reserves. A domain whose free space the engine does not tell is not judged.
 */
export const whyNoHeadroom = (question: HeadroomQuestion): HoldfastError | undefined => {
  const { vmName, policy } = question;
  for (const { domain, disks, availableBytes } of judgedDomains(question)) {
    const { name, blockedBelowBytes = 0 } = domain;
    const details = { domainId: domain.id, availableBytes };
    const free = `vm ${vmName}: storage domain ${name} has ${inGib(availableBytes)} free`;
    if (availableBytes < blockedBelowBytes) {
      const words = `less than the ${inGib(blockedBelowBytes)} below which the engine makes nothing new there (critical space)`;
      return new HoldfastError("DOMAIN_SPACE_CRITICAL", `${free}, ${words}: free space or move disks`, { details });
    }
    const reservedBytes = disks.reduce((sum, { sizeBytes }) => sum + reserveOf(sizeBytes, domain, policy), 0);
    if (availableBytes >= blockedBelowBytes + policy.marginBytes + reservedBytes) continue;
    const sum = `${inGib(blockedBelowBytes)} critical space + ${inGib(policy.marginBytes)} margin + ${inGib(reservedBytes)} for what the guest may write`;
    return new HoldfastError("HEADROOM_MISSING", `${free}, and a backup needs ${sum}: free space or move disks`, {
      details,
    });
  }
  return undefined;
};

/** Why a capture that runs has to be ended now: a domain of its disks has less free than critical space and margin. */
export const whyHeadroomLost = ({ vmName, domainIds, domains, policy }: WatchQuestion): HoldfastError | undefined => {
  for (const domain of domains) {
    const { availableBytes } = domain;
    const limitBytes = (domain.blockedBelowBytes ?? 0) + policy.marginBytes;
    if (!domainIds.includes(domain.id) || availableBytes === undefined || availableBytes >= limitBytes) continue;
    const message = `vm ${vmName}: storage domain ${domain.name} is down to ${inGib(availableBytes)} free, below ${inGib(limitBytes)} (critical space + margin): the backup was ended before the guest would pause`;
    return new HoldfastError("HEADROOM_LOST", message, { details: { domainId: domain.id, availableBytes } });
  }
  return undefined;
};

interface JudgedDomain {
  readonly domain: StorageDomain;
  readonly disks: HeadroomQuestion["disks"];
  readonly availableBytes: number;
}

const judgedDomains = ({ domains, disks }: HeadroomQuestion): readonly JudgedDomain[] =>
  domains.flatMap((domain) => {
    const onIt = disks.filter(({ storageDomainIds }) => storageDomainIds.includes(domain.id));
    const { availableBytes } = domain;
    return onIt.length === 0 || availableBytes === undefined ? [] : [{ domain, disks: onIt, availableBytes }];
  });

const blockStorage = new Set(["iscsi", "fcp"]);

/** Bytes that a guest may write to one disk while it is frozen; never more than the disk holds. */
const reserveOf = (sizeBytes: number, { storageType }: StorageDomain, policy: HeadroomPolicy): number => {
  const isBlock = blockStorage.has(storageType);
  const share = Math.ceil((sizeBytes * (isBlock ? policy.blockPercent : policy.filePercent)) / 100);
  return Math.min(sizeBytes, isBlock ? Math.max(share, policy.blockMinBytes) : share);
};

/** `12.3 GiB`. */
const inGib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
