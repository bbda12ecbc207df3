import { isErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseDetails } from "@holdfast/shared/errors/parse-details";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { startProcess } from "@holdfast/shared/process/child-process";
import { z } from "zod";
import type { CliContext } from "../context.ts";
import { commandArguments, programArguments } from "../standalone/program-files.ts";
import { type Recovered, recoveredSchema } from "./recovered-text.ts";

/** Which configuration is to be taken out of a repository. */
export interface ConfigurationExport {
  readonly from: string;
  readonly to: string;
  readonly installation: string | undefined;
  readonly number: string | undefined;
}

/** Has `holdfast-repository` write a configuration into a file; its remarks go to standard error. */
export const exportConfiguration = async (
  context: CliContext,
  { from, to, installation, number }: ConfigurationExport,
): Promise<void> => {
  const args = [
    "configuration",
    "export",
    from,
    "--to",
    to,
    ...given("--installation", installation),
    ...given("--number", number),
  ];
  const { code, lines } = await run(context, [...commandArguments("repository"), ...args], "holdfast-repository");
  const told = lines.filter(({ from: stream }) => stream === "stderr").map(({ line }) => line);
  if (code !== 0) throw errorOf(told);
  for (const line of told) context.note(line);
};

/** What `holdfast-controller recover` is told. */
export interface RecoveryRequest {
  readonly configuration: string;
  readonly recoveryKeyFile: string;
  readonly to: string;
  readonly listen: string | undefined;
  readonly controllers: readonly string[] | undefined;
  readonly busListen: string | undefined;
  readonly bus: readonly string[] | undefined;
  readonly repositoryAt: readonly string[] | undefined;
}

/** Has the controller's program rebuild its folder: the database and its schema are its own. */
export const askRecovery = async (context: CliContext, request: RecoveryRequest): Promise<Recovered> => {
  const {
    configuration,
    recoveryKeyFile,
    to,
    listen,
    controllers = [],
    busListen,
    bus = [],
    repositoryAt = [],
  } = request;
  const { lines } = await run(
    context,
    [
      ...programArguments("controller"),
      "recover",
      "--configuration",
      configuration,
      "--recovery-key-file",
      recoveryKeyFile,
      "--to",
      to,
      ...given("--listen", listen),
      ...controllers.flatMap((address) => given("--controller", address)),
      ...given("--bus-listen", busListen),
      ...bus.flatMap((address) => given("--bus", address)),
      ...repositoryAt.flatMap((place) => given("--repository-at", place)),
    ],
    "holdfast-controller",
  );
  const line = lines.findLast(({ from }) => from === "stdout")?.line ?? "";
  const answer = answerSchema.safeParse(parseJson(line)).data;
  if (answer === undefined)
    throw new HoldfastError("INTERNAL", `holdfast-controller recover ended without an answer: ${lastOf(lines)}`);
  if ("recovered" in answer) return answer.recovered;
  const { code, message, details } = answer.error;
  throw new HoldfastError(isErrorCode(code) ? code : "INTERNAL", message, { details: parseDetails(details) });
};

const answerSchema = z.union([
  z.object({ recovered: recoveredSchema }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), details: z.string() }) }),
]);

const given = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [name, value];

const parseJson = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

interface Line {
  readonly line: string;
  readonly from: "stdout" | "stderr";
}

const run = async (
  { env, signal }: CliContext,
  args: readonly string[],
  name: string,
): Promise<{ readonly code: number | null; readonly lines: readonly Line[] }> => {
  const lines: Line[] = [];
  await using process_ = await startProcess({
    name,
    command: process.execPath,
    args,
    env: { ...env },
    onLine: (line, from) => lines.push({ line, from }),
  });
  const unlink = onAbort(signal, () => {
    process_.kill("SIGTERM");
  });
  const { code } = await process_.exited;
  unlink();
  signal.throwIfAborted();
  return { code, lines };
};

const lastOf = (lines: readonly Line[]): string =>
  lines
    .slice(-3)
    .map(({ line }) => line)
    .join("; ");

/** The error that a program of ours told in words: `error: …`, then its code. */
const errorOf = (told: readonly string[]): HoldfastError => {
  const message = told.find((line) => line.startsWith("error: "))?.slice("error: ".length);
  const code = told.map((line) => /^\s+([A-Z_]+): /.exec(line)?.[1] ?? "").find(isErrorCode);
  return new HoldfastError(code ?? "INTERNAL", message ?? told.slice(-3).join("; "));
};
