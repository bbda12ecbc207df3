import { once } from "node:events";
import type { Writable } from "node:stream";

/** Where a command writes. */
export interface Terminal {
  /** Results. */
  readonly stdout: Writable;
  /** Progress, warnings, errors. */
  readonly stderr: Writable;
}

/** How lists are shown. */
export const formats = ["table", "json"] as const;
export type Format = (typeof formats)[number];

/** Writes a line and waits for a slow reader. */
export const writeLine = async (stream: Writable, line: string): Promise<void> => {
  if (!stream.write(`${line}\n`)) await once(stream, "drain");
};

/** Tells a result as JSON of a stable shape. */
export const tellJson = async ({ stdout }: Terminal, json: object): Promise<void> => {
  await writeLine(stdout, JSON.stringify(json, null, 2));
};

/** Tells a result as JSON of a stable shape, or in words. */
export const tellResult = async (
  terminal: Terminal,
  format: Format,
  { json, text }: { readonly json: object; readonly text: string },
): Promise<void> => {
  await (format === "json" ? tellJson(terminal, json) : writeLine(terminal.stdout, text));
};

/** Rows under their headings, columns as wide as they need. */
export const toTable = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people: three digits and a unit. */
export const toSize = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
};
