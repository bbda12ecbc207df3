import type { JobDefinition } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobDefinitionSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Command } from "commander";
import { listOption } from "../command.ts";
import { type CaptureOptions, givenCapture, withCaptureOptions } from "./capture-options.ts";
import { positiveInteger } from "./positive-integer.ts";
import { type ReadingOptions, givenReading, withReadingOptions } from "./reading-options.ts";

/** The fields of a job as command-line options; what is not given stays as it was. */
export interface DefinitionOptions extends CaptureOptions, ReadingOptions {
  readonly vm?: readonly string[];
  readonly excludeDisk?: readonly string[];
  readonly repository?: string;
  readonly dailyAt?: string;
  readonly timeZone?: string;
  readonly keepDays?: number;
  readonly codec?: string;
  readonly description?: string;
  readonly verifyAfter?: boolean;
  /** False after `--no-schedule`. */
  readonly schedule?: boolean;
}

/** Adds the options to `job create` or `job edit`. */
export const withDefinitionOptions = (command: Command): Command =>
  withReadingOptions(
    withCaptureOptions(command)
      .addOption(listOption("--vm <vm>", "VM by name, id or manager/name (repeatable)"))
      .addOption(listOption("--exclude-disk <disk>", "disk id, or vm:alias, not to back up (repeatable)"))
      .option("--repository <repository>", "where to")
      .option("--daily-at <HH:MM>", "run every day at this time")
      .option("--no-schedule", "run only by hand")
      .option("--time-zone <zone>", "IANA zone of --daily-at; the installation's unless given")
      .option(
        "--keep-days <days>",
        "calendar days that points are kept; the three newest good ones always stay",
        positiveInteger,
      )
      .option("--codec <codec>", "zstd or lz4")
      .option("--verify-after", "read the newest good point of each VM back after every session")
      .option("--no-verify-after", "do not")
      .option("--description <text>", "words for people"),
  );

/** True when no field was given at all. */
export const isEmpty = (options: DefinitionOptions): boolean => Object.keys(given(options)).length === 0;

/** Days that a new job keeps its points unless told otherwise. */
export const defaultKeepDays = 14;

/** A whole definition for `job create`; refuses what is missing, all at once. */
export const newDefinition = (
  name: string,
  options: DefinitionOptions,
): MessageInitShape<typeof JobDefinitionSchema> => {
  const missing = [
    ...(options.vm === undefined ? ["--vm"] : []),
    ...(options.repository === undefined ? ["--repository"] : []),
  ];
  if (missing.length > 0)
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `job create needs ${missing.join(" and ")} (or no options, on a terminal, to be asked)`,
    );
  return { name, keepDays: defaultKeepDays, ...given(options) };
};

/** The definition with the options laid over it, for `job edit`. */
export const changedDefinition = (
  before: JobDefinition,
  options: DefinitionOptions,
): MessageInitShape<typeof JobDefinitionSchema> => ({
  ...before,
  ...given(options),
});

const given = (options: DefinitionOptions): MessageInitShape<typeof JobDefinitionSchema> => ({
  ...(options.vm !== undefined && { vms: [...options.vm] }),
  ...(options.excludeDisk !== undefined && { excludedDisks: [...options.excludeDisk] }),
  ...(options.repository !== undefined && { repository: options.repository }),
  ...(options.dailyAt !== undefined && { dailyAt: options.dailyAt }),
  ...(options.schedule === false && { dailyAt: "" }),
  ...(options.timeZone !== undefined && { timeZone: options.timeZone }),
  ...(options.keepDays !== undefined && { keepDays: options.keepDays }),
  ...(options.codec !== undefined && { codec: options.codec }),
  ...(options.description !== undefined && { description: options.description }),
  ...givenReading(options),
  ...givenCapture(options),
  ...(options.verifyAfter !== undefined && { verifyAfter: options.verifyAfter }),
});
