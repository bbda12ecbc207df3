import type { VmKey } from "@holdfast/shared/format/manifest-schema";

/** Whose bytes: all but the logical ones are of records in packs. */
export interface VmBytes {
  readonly vm: VmKey;
  /** As its newest point names it. */
  readonly vmName: string;
  readonly points: number;
  /** What all its points say, in plain bytes, zeros apart. */
  readonly logicalBytes: number;
  /** Of records that no other VM uses. */
  readonly exclusiveBytes: number;
  /** Of records that others use too. */
  readonly sharedBytes: number;
  /** What a collection frees when all its points that may go are gone. */
  readonly freedIfRemovedBytes: number;
}

/** What a repository holds, and for whom. */
export interface RepositoryBytes {
  /** When the walk began. */
  readonly atMs: number;
  /** Of records that points use. */
  readonly liveBytes: number;
  readonly logicalBytes: number;
  readonly points: number;
  /** Those with most exclusive bytes first. */
  readonly vms: readonly VmBytes[];
}

/** How far a walk is. Every VM is walked twice. */
export interface StatisticsProgress {
  readonly vmsDone: number;
  readonly vmsTotal: number;
  readonly pagesRead: number;
}
