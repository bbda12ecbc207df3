import type { Logger } from "./logger.ts";

const nothing = (): void => undefined;

/** A logger that tells nobody: for command line tools whose output is their result. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
