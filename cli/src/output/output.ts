import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import Table from "cli-table3";
import { stringify } from "yaml";
import type { CliContext } from "../context.ts";

/** The forms that every command's result comes in. */
export const outputFormats = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Options that every command has. */
export interface GlobalOptions {
  readonly output: OutputFormat;
  readonly controller?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** Checks `-o`. */
export const parseOutputFormat = (text: string): OutputFormat => {
  const format = outputFormats.find((known) => known === text);
  if (format === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", `--output is one of ${outputFormats.join(", ")}, not ${text}`);
  return format;
};

/** Prints a message: as text made by `table`, or as protobuf's JSON mapping, in JSON or YAML, whose shape is stable. */
export const emit = <Message extends DescMessage>(
  context: CliContext,
  options: GlobalOptions,
  result: { readonly schema: Message; readonly message: MessageShape<Message>; readonly table: () => string },
): void => {
  if (options.output === "table") {
    context.print(result.table());
    return;
  }
  printData(context, options.output, toJson(result.schema, result.message, { alwaysEmitImplicit: true }));
};

/** Prints plain data as JSON or YAML. */
export const printData = (context: CliContext, format: "json" | "yaml", value: unknown): void => {
  context.print(format === "json" ? JSON.stringify(value, undefined, 2) : stringify(value).trimEnd());
};

const plainBorders = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
  ].map((name) => [name, ""]),
);

/** Rows under headings, aligned, without borders: good for eyes and for `awk`. */
export const tableText = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const table = new Table({
    head: headings.map((heading) => heading.toUpperCase()),
    chars: { ...plainBorders, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return trimLines(table.toString());
};

/** `name: value` lines, aligned; entries without a value are left out. */
export const factsText = (facts: readonly (readonly [string, string | undefined])[]): string => {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
};

const trimLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
