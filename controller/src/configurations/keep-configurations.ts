import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import { installationFiles } from "@holdfast/shared/installation/installation-files";
import type { ControllerConfig } from "../config/controller-config.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { ConfigurationKeeper } from "./configuration-keeper.ts";

/** How often it is looked whether something changed. */
const everyMs = 5_000;

/** Several definitions that are made in a row, as by a script, make one backup. */
const settleMs = 5_000;

/** Makes the keeper of a controller; nothing is written before it is kept going. */
export const openConfigurationKeeper = (
  { database, clock, log, repositories, identity, installationId }: WorkDeps,
  { dataDir, keyFile }: Pick<ControllerConfig, "dataDir" | "keyFile">,
  timeZone: string,
): ConfigurationKeeper =>
  new ConfigurationKeeper({
    database,
    dataDir,
    keyFile,
    installationId,
    recoveryFile: installationFiles(identity.folder).recovery,
    repositories: () => repositories.list(),
    trustNumber: () => identity.authority.trust.current.number,
    timeZone,
    settleMs,
    clock,
    log,
  });

/** Backs the installation up whenever that is due, until it is disposed. */
export const keepConfigurations = (
  keeper: Pick<ConfigurationKeeper, "writeDue">,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): AsyncDisposable => {
  const closing = new AbortController();
  const running = runForever(closing.signal, (signal) => keeper.writeDue(signal), {
    name: "configurations",
    clock,
    log,
    everyMs,
  });
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort(new HoldfastError("CANCELLED", "the controller stops"));
      await running;
    },
  };
};
