import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { ConfigurationKeeper } from "./configuration-keeper.ts";

/** How often it is looked whether something changed. */
const everyMs = 5_000;

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
