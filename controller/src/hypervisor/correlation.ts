import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The correlation id in whose name the present work asks engines. It follows the work through every await, as a trace does, so that
 * no call of it can be forgotten: an engine's admin finds all that an attempt did by one id.
 */
const present = new AsyncLocalStorage<string>();

/** Characters that engines keep of a correlation id. */
const maxLength = 36;

/** Of changes that are asked outside of any task. */
const ofController = "hf-controller";

/** A correlation id as engines keep it: at most 36 of `[0-9A-Za-z_-]`. */
export const toCorrelationId = (text: string): string => text.replaceAll(/[^0-9A-Za-z_-]/g, "-").slice(0, maxLength);

/** Does some work in the name of a correlation id: every call that it sends to an engine carries it. */
export const correlated = <Result>(correlationId: string, work: () => Result): Result =>
  present.run(toCorrelationId(correlationId), work);

/** The id that a call of the present work carries; a call that only reads outside of any task needs none. */
export const presentCorrelationId = (isRead: boolean): string | undefined =>
  present.getStore() ?? (isRead ? undefined : ofController);
