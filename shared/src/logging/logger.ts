/** Facts of a log line. Well-known keys: `component`, `session`, `task`, `attempt`, `vm`, `correlationId`; `err` holds what was caught. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where facts are told. The message is a constant lower-case phrase, what varies stands in fields.
 * `error`: someone must act · `warn`: it will mend itself · `info`: one line per change of state · `debug`: the rest.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Logger;
}

/** One change of state of one object, told in one line. */
export interface Transition {
  /** What moved: `session`, `task`, `attempt`, `bus` … */
  readonly kind: string;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}

/** Writes the one line of a change of state, always in the same form, so that a history can be read by `grep`. */
export const logTransition = (log: Logger, { kind, id, ...move }: Transition): void => {
  log.info(`${kind} moved`, { [kind]: id, ...move });
};
