import type { LogFields, Logger } from "./logger.ts";
import { type LogLevel, toLine } from "./pino-logger.ts";

/** One line that a test may look at; errors and secrets stand in it as they would be written. */
export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines instead of writing them, for tests. */
export interface MemoryLogger extends Logger {
  readonly lines: readonly LoggedLine[];
}

/** Makes a logger whose lines, and those of its children, can be read back. */
export const memoryLogger = (): MemoryLogger => {
  const lines: LoggedLine[] = [];
  return Object.assign(keeping(lines, {}), { lines });
};

const keeping = (lines: LoggedLine[], context: LogFields): Logger => {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      lines.push({ level, message, fields: toLine({ ...context, ...fields }) });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => keeping(lines, { ...context, ...fields }),
  };
};
