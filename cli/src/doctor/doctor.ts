import { ReportSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { InvalidArgumentError } from "commander";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { emit } from "../output/output.ts";
import { examineInstallation } from "./examine-installation.ts";
import { exitOf, toReport } from "./report.ts";
import { reportText } from "./report-text.ts";

interface DoctorOptions {
  readonly all?: true;
  readonly timeout: number;
}

const usualSeconds = 20;
const mostSeconds = 300;

/** `doctor`: what is well and what is not, from every process, and what to do. */
export const doctorCommand: CommandMaker = (context) =>
  verb(
    "doctor",
    "Say from every process what is well and what is not, and what to do; exits with 2 for warnings, 1 for errors",
    ["doctor", "doctor --all", "doctor --timeout 60 -o json"],
  )
    .option("--all", "show also what is well and what was skipped; JSON and YAML always hold everything")
    .option("--timeout <seconds>", "time that each process is given", parseSeconds, usualSeconds)
    .action(async (_options, command) => {
      const options = optionsOf<DoctorOptions>(command);
      const report = toReport(await examineInstallation(context, options));
      const table = (): string => reportText(report, { all: options.all === true });
      emit(context, options, { schema: ReportSchema, message: report, table });
      context.setExitCode(exitOf(report));
    });

const parseSeconds = (text: string): number => {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= mostSeconds) return seconds;
  throw new InvalidArgumentError(`a whole number of seconds from 1 to ${mostSeconds}`);
};
