import { HoldfastError } from "../errors/holdfast-error.ts";

const maxCauses = 8;

/**
 * The form in which something caught stands in a log line: an expected failure by code and details, a bug with its stack,
 * both with their causes.
 */
export const toLoggedError = (caught: unknown, depth = 0): Record<string, unknown> => {
  if (!(caught instanceof Error)) return { message: String(caught) };

  const cause =
    caught.cause === undefined || depth >= maxCauses ? {} : { cause: toLoggedError(caught.cause, depth + 1) };
  if (caught instanceof HoldfastError) {
    return { code: caught.code, message: caught.message, details: caught.details, ...stackOfBug(caught), ...cause };
  }
  const errors =
    caught instanceof AggregateError ? { errors: caught.errors.map((one) => toLoggedError(one, depth + 1)) } : {};
  return {
    name: caught.name,
    message: caught.message,
    ...systemCode(caught),
    stack: caught.stack,
    ...errors,
    ...cause,
  };
};

const stackOfBug = (error: HoldfastError): Record<string, unknown> =>
  error.code === "INTERNAL" ? { stack: error.stack } : {};

const systemCode = (error: Error): Record<string, unknown> => ("code" in error ? { code: error.code } : {});
