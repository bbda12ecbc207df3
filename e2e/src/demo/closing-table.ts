/** One row of the closing table. */
export interface ClosingRow {
  readonly what: string;
  /** Bytes of the disks of the VM. */
  readonly sizeBytes: number;
  /** Bytes read from the engine, or written to it by a restore. */
  readonly movedBytes: number;
  readonly deduplicatedBytes: number;
  /** Bytes that were new, before and after compression. */
  readonly newBytes: number;
  readonly packedBytes: number;
  readonly tookMs: number;
}

const MiB = 1024 * 1024;

/** Sizes, rates and ratios in aligned columns. */
export const closingTable = (rows: readonly ClosingRow[]): string => {
  const headings = ["", "disks", "moved", "dedup", "new", "stored", "ratio", "took", "rate"];
  const cells = rows.map((row) => [
    row.what,
    mibText(row.sizeBytes),
    mibText(row.movedBytes),
    mibText(row.deduplicatedBytes),
    mibText(row.newBytes),
    mibText(row.packedBytes),
    row.packedBytes === 0 ? "-" : `${(row.newBytes / row.packedBytes).toFixed(1)}×`,
    `${(row.tookMs / 1000).toFixed(1)} s`,
    row.tookMs === 0 ? "-" : `${(row.movedBytes / MiB / (row.tookMs / 1000)).toFixed(0)} MiB/s`,
  ]);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => (row[column] ?? "").length)),
  );
  return [headings, ...cells]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** Bytes in whole MiB, with a decimal below ten. */
export const mibText = (bytes: number): string => {
  const value = bytes / MiB;
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} MiB`;
};
