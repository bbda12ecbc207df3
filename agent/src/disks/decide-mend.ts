import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Route } from "./disk-reader.ts";

/** What is known of a disk that broke. */
export interface Breakage {
  readonly fault: HoldfastError;
  /** How it was reached; undefined when it was not. */
  readonly route: Route | undefined;
  /** Mends in a row after which nothing was read. */
  readonly fruitless: number;
}

/** What is done about it. */
export type Mend =
  | { readonly kind: "give-up" }
  | {
      readonly kind: "again";
      /** With a fresh ticket in place of the one that broke. */
      readonly isFresh: boolean;
      /** By another way than this one, for the rest of the disk. */
      readonly avoid: Route | undefined;
      readonly restMs: number;
    };

/** Pauses before the first mend, the second, …: a daemon or an engine that starts again takes seconds. */
const restsMs: readonly number[] = [0, 500, 2_000, 5_000];
/** A server that answers and still cannot read, and an engine that says that a transfer cannot start, are not waited for as long. */
const mostWithAnAnswer = 2;

const mendable: ReadonlySet<ErrorCode> = new Set([
  "DISK_READ_FAILED",
  "TICKET_REFUSED",
  "NO_ROUTE_TO_DISK",
  "TRANSFER_FAILED",
  "ENGINE_CONFLICT",
  "ENGINE_UNREACHABLE",
]);

/** True for what a fresh ticket or another way may cure while the capture stays: never for what a repository or the attempt met. */
export const isDiskFault = (caught: unknown): caught is HoldfastError =>
  caught instanceof HoldfastError && mendable.has(caught.code);

/**
 * What is done about a disk that broke in the middle. An answer of the server costs the ticket: it is dead, or what it leads to
 * is. A way that broke is looked for again with the same ticket, and given up the second time; a lender is given up at once.
 * Rests grow while nothing comes of it, and then it is the end.
 */
export const decideMend = ({ fault, route, fruitless }: Breakage): Mend => {
  const isAnswered = typeof fault.details["status"] === "number" || fault.code === "TRANSFER_FAILED";
  const restMs = restsMs[fruitless];
  if (restMs === undefined || (isAnswered && fruitless >= mostWithAnAnswer)) return { kind: "give-up" };
  if (fault.code === "DISK_READ_FAILED" && !isAnswered) {
    const isGivenUp = route === "stream" || fruitless > 0;
    return { kind: "again", isFresh: false, avoid: isGivenUp ? route : undefined, restMs };
  }
  // A way may be found anew where a fresh transfer is served, which may be another host.
  return { kind: "again", isFresh: fault.code !== "NO_ROUTE_TO_DISK" || fruitless > 0, avoid: undefined, restMs };
};
