import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { traitsOf } from "@holdfast/shared/errors/codes";

/** What a failed command prints: what failed, why, what to do about it. */
export const errorText = (error: HoldfastError): string => {
  const traits = traitsOf(error.code);
  const lines = [`error: ${error.message} (${error.code})`];
  const why = causeText(error.cause);
  // An error that crossed a wire has itself as its cause, with a status before it.
  if (why !== undefined && !error.message.includes(why) && !why.includes(error.message)) lines.push(`  why: ${why}`);
  if (traits.advice !== undefined) lines.push(`  try: ${traits.advice}`);
  return lines.join("\n");
};

/** The same as data, for `-o json` and `-o yaml`. */
export const errorData = (error: HoldfastError): object => ({
  error: { code: error.code, message: error.message, details: error.details, retryable: error.retryable },
});

const causeText = (cause: unknown): string | undefined => {
  if (!(cause instanceof Error)) return undefined;
  return causeText(cause.cause) ?? (cause.message === "" ? undefined : cause.message);
};
