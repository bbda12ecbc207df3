import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { systemClock } from "@holdfast/shared/clock/clock";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { readRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { type Recovered, recoverController } from "./recover-controller.ts";

const options = {
  configuration: { type: "string" },
  "recovery-key-file": { type: "string" },
  to: { type: "string" },
  listen: { type: "string" },
  controller: { type: "string", multiple: true },
  "bus-listen": { type: "string" },
  bus: { type: "string", multiple: true },
  "repository-at": { type: "string", multiple: true },
} as const;

/**
 * `holdfast-controller recover …`: what `holdfast controller recover` starts. One line of JSON on standard output, `recovered` or
 * `error`; the exit code.
 */
export const runRecovery = async (args: readonly string[], print: (line: string) => void): Promise<number> => {
  try {
    print(JSON.stringify({ recovered: await recover(args) }));
    return 0;
  } catch (caught) {
    const { code, message, details } = HoldfastError.from(caught);
    print(JSON.stringify({ error: { code, message, details: JSON.stringify(details) } }));
    return traitsOf(code).exit;
  }
};

const recover = async (args: readonly string[]): Promise<Recovered> => {
  const { values } = parse(args);
  const configuration = await read(required(values.configuration, "--configuration"));
  const key = await read(required(values["recovery-key-file"], "--recovery-key-file"));
  return await recoverController({
    configuration,
    recoveryKey: readRecoveryKey(key.toString("utf8")),
    dataDir: required(values.to, "--to"),
    listen: values.listen,
    controllers: values.controller,
    busListen: values["bus-listen"],
    busServers: values.bus,
    repositoriesAt: new Map((values["repository-at"] ?? []).map(parsePlace)),
    clock: systemClock,
    random: systemRandom,
  });
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options });
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", "the command line makes no sense", { cause });
  }
};

const parsePlace = (text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new HoldfastError("INVALID_ARGUMENT", `a repository's new place is NAME=ADDRESS, not ${text}`);
};

const required = (value: string | undefined, name: string): string => {
  if (value !== undefined) return value;
  throw new HoldfastError("INVALID_ARGUMENT", `${name} is missing`);
};

const read = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { details: { path }, cause });
  }
};
