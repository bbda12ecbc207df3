import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobDefinitionSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type Command, InvalidArgumentError } from "commander";
import { naturalNumber } from "./natural-number.ts";

/** How much a job reads beside what changed, as command-line options. */
export interface ReadingOptions {
  readonly activeFullOn?: string;
  /** False after `--no-active-full`. */
  readonly activeFull?: boolean;
  readonly audit?: string;
  readonly auditGib?: bigint;
  readonly sampleChunks?: number;
}

/** Adds the options to `job create` or `job edit`. */
export const withReadingOptions = (command: Command): Command =>
  command
    .option(
      "--active-full-on <days>",
      "days on which the scheduled run reads everything: mon to sun, 1 to 31, last; several with commas",
    )
    .option("--no-active-full", "no active full by schedule")
    .option(
      "--audit <period>",
      "how often a scheduled run reads each VM whole to check change tracking: such as 90d, the default, or off",
    )
    .option("--audit-gib <number>", "GiB of VMs that one run audits at most; 512 unless given", gibBytes)
    .option(
      "--sample-chunks <number>",
      "unchanged chunks of each disk that an increment reads and compares; 0, as when not given: the installation's setting",
      naturalNumber,
    );

/** The fields of a definition that were given. */
export const givenReading = (options: ReadingOptions): MessageInitShape<typeof JobDefinitionSchema> => ({
  ...(options.activeFullOn !== undefined && { activeFullOn: options.activeFullOn }),
  ...(options.activeFull === false && { activeFullOn: "" }),
  ...(options.audit !== undefined && { audit: options.audit }),
  ...(options.auditGib !== undefined && { auditBytesPerNight: options.auditGib }),
  ...(options.sampleChunks !== undefined && { sampleChunks: options.sampleChunks }),
});

const GiB = 1024 ** 3;

const gibBytes = (text: string): bigint => {
  const bytes = Math.round(Number(text) * GiB);
  if (Number.isSafeInteger(bytes) && bytes > 0) return BigInt(bytes);
  throw new InvalidArgumentError("give a number of GiB");
};
