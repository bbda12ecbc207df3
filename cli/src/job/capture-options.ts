import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JobDefinitionSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import type { Command } from "commander";

/** How a job's VMs are captured, as command-line options. */
export interface CaptureOptions {
  readonly capture?: string;
  readonly legacyCapture?: boolean;
  readonly consistency?: string;
}

/** Adds the options to `job create` or `job edit`. */
export const withCaptureOptions = (command: Command): Command =>
  command
    .option("--capture <way>", "auto (the backup API, else a snapshot), backup-api or snapshot")
    .option("--legacy-capture", "live or cold captures where the engine would make hybrid ones")
    .option("--no-legacy-capture", "what the engine makes by itself")
    .option(
      "--consistency <wish>",
      "that guests are frozen: none (only recorded), preferred (warn) or required (fail)",
    );

/** The fields of a definition that were given. */
export const givenCapture = (options: CaptureOptions): MessageInitShape<typeof JobDefinitionSchema> => ({
  ...(options.capture !== undefined && { capture: options.capture }),
  ...(options.legacyCapture !== undefined && { legacyCapture: options.legacyCapture }),
  ...(options.consistency !== undefined && { consistency: options.consistency }),
});
