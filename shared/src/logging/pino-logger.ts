import { type Logger as Pino, destination, pino } from "pino";
import { toLoggedError } from "./log-error.ts";
import type { LogFields, Logger } from "./logger.ts";
import { redact, redactText } from "./redaction.ts";

/** Levels that a process may be told to write; each includes those after it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How a process logs. */
export interface LogOptions {
  /** Which program speaks: stands in every line as `component`. */
  readonly component: string;
  readonly level?: LogLevel;
  /** A file to append to; standard output when absent. */
  readonly file?: string;
}

/** The root of a process's loggers; disposing it writes out what is buffered. */
export interface RootLogger extends Logger, Disposable {}

/** Opens the one root logger of a process: JSON lines with ISO times in UTC, secrets redacted. */
export const openLogger = ({ component, level = "info", file }: LogOptions): RootLogger => {
  const stream = destination({ ...(file === undefined ? { fd: 1 } : { dest: file, mkdir: true }), sync: true });
  const root = pino(
    {
      level,
      base: { component, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (spelledOut: unknown) => spelledOut },
    },
    stream,
  );

  return Object.assign(overPino(root), {
    [Symbol.dispose]: () => {
      stream.flushSync();
      if (file !== undefined) stream.end();
    },
  });
};

const overPino = (target: Pino): Logger => ({
  debug: (message, fields) => {
    if (target.isLevelEnabled("debug")) target.debug(toLine(fields), message);
  },
  info: (message, fields) => {
    target.info(toLine(fields), message);
  },
  warn: (message, fields) => {
    target.warn(toLine(fields), message);
  },
  error: (message, fields) => {
    target.error(toLine(fields), message);
  },
  child: (fields) => overPino(target.child(toLine(fields))),
});

/** The fields as they are written: errors spelled out, secrets gone. */
export const toLine = (fields: LogFields = {}): Record<string, unknown> => {
  const { err, ...rest } = fields;
  const line: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    line[key] = value instanceof Error ? redactError(value) : redactField(key, value);
  }
  if (err !== undefined) line["err"] = redactError(err);
  return line;
};

const redactField = (key: string, value: unknown): unknown => {
  const cleaned = redact({ [key]: value });
  const result = typeof cleaned === "object" && cleaned !== null ? Reflect.get(cleaned, key) : undefined;
  return typeof result === "string" ? redactText(result) : result;
};

const redactError = (caught: unknown): unknown => redactTexts(redact(toLoggedError(caught)));

const redactTexts = (value: unknown): unknown => {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redactTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactTexts(item)]));
};
