import type { PlannedDisk } from "../capture/plan-disks.ts";
import type { DiskTotals } from "../sessions/disk-totals.ts";

/** A backup that succeeded, as far as forecasts need it. */
export interface PastBackup {
  readonly totals: readonly DiskTotals[];
  /** From its first attempt's start to its end. */
  readonly seconds: number;
}

/** A number with what it is judged by; undefined when it is unknown, with why. */
export interface Estimate {
  readonly value: number | undefined;
  readonly basis: string;
}

/** What forecasts are made from; the newest backups first. */
export interface ForecastFacts {
  readonly actualBytes: ReadonlyMap<string, number>;
  /** Of this VM in this repository. */
  readonly own: readonly PastBackup[];
  /** Of any VM in this repository. */
  readonly others: readonly PastBackup[];
}

/** Backups of a VM that a forecast looks back on. */
const mostLookedAt = 7;

/**
 * What reading a disk is expected to read. By changes: the median of what the newest seven such readings read. Whole: what the disk
 * occupies or, when more, what its newest whole reading read, at most its size.
 */
export const forecastDisk = (disk: PlannedDisk, { actualBytes, own }: ForecastFacts): Estimate => {
  if (disk.mode === "skipped" || disk.mode === "unchanged") return { value: 0, basis: "nothing of it is read" };
  const past = own.flatMap(({ totals }) => totals.filter(({ diskId }) => diskId === disk.id));
  if (disk.mode === "incremental") {
    const read = past.filter(({ mode }) => !isWhole(mode)).map(readBytes);
    const value = medianOf(read.slice(0, mostLookedAt));
    return value === undefined
      ? { value, basis: "no session has read it by its changes yet" }
      : { value, basis: `median of ${Math.min(read.length, mostLookedAt)} sessions` };
  }
  const occupied = actualBytes.get(disk.id) ?? 0;
  const whole = past.find(({ mode }) => isWhole(mode));
  const known = Math.max(occupied, whole === undefined ? 0 : readBytes(whole));
  if (known === 0) return { value: undefined, basis: "the engine does not say what it occupies" };
  const basis = known > occupied ? "its last whole reading" : "what it occupies";
  return { value: Math.min(known, disk.sizeBytes), basis };
};

/** The sum; unknown when one of them is. */
export const sumEstimates = (estimates: readonly Estimate[]): number | undefined =>
  estimates.reduce<number | undefined>(
    (sum, { value }) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );

/**
 * How many seconds a backup is expected to take: its bytes at the rate of the newest seven sessions of this VM that read likewise
 * (whole, or by changes), else of all its sessions, else of the repository's newest; never less than the shortest of them.
 */
export const forecastSeconds = (
  disks: readonly PlannedDisk[],
  bytes: number | undefined,
  { own, others }: ForecastFacts,
): Estimate => {
  if (bytes === undefined) return { value: undefined, basis: "what is read is not known" };
  const isWholeRun = disks.some(({ mode }) => isWhole(mode));
  const alike = own.filter(({ totals }) => totals.some(({ mode }) => isWhole(mode)) === isWholeRun);
  const choices = [
    [alike, "of this VM that read likewise"],
    [own, "of this VM"],
    [others, "of other VMs in the repository"],
  ] as const;
  for (const [backups, words] of choices) {
    const looked = backups.filter((one) => bytesOf(one) > 0).slice(0, mostLookedAt);
    const [first] = looked;
    if (first === undefined) continue;
    const rate = sumOf(looked.map(bytesOf)) / Math.max(1, sumOf(looked.map(({ seconds }) => seconds)));
    const least = Math.min(...looked.map(({ seconds }) => seconds));
    const sessions = looked.length === 1 ? "one session" : `${looked.length} sessions`;
    return { value: Math.ceil(Math.max(least, bytes / rate)), basis: `the rate of ${sessions} ${words}` };
  }
  return { value: undefined, basis: "no session has ended in this repository yet" };
};

const isWhole = (mode: string): boolean => mode === "full" || mode === "compare";

const readBytes = ({ bytes }: DiskTotals): number => bytes.read + bytes.sampled;

const bytesOf = ({ totals }: PastBackup): number => sumOf(totals.map(readBytes));

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

/** The middle one; of two, the larger. */
const medianOf = (numbers: readonly number[]): number | undefined =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)];
