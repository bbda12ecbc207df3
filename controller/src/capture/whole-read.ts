/** Why all of a VM is read although its changes are known (policy 18–20): an operator or a schedule wants it, or its audit is due. */
export const wholeReads = ["active-full", "audit"] as const;

/** One of them; each is also the reason that its disks have. */
export type WholeRead = (typeof wholeReads)[number];
