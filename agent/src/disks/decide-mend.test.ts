import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it, test } from "vitest";
import { type Breakage, decideMend, isDiskFault } from "./decide-mend.ts";

const fault = (code: ErrorCode, status?: number): HoldfastError =>
  new HoldfastError(code, "it broke", status === undefined ? {} : { details: { status } });

interface MendCase extends Breakage {
  readonly what: string;
  readonly mend: object;
}

const again = (more: object) => ({ kind: "again", avoid: undefined, ...more });

const cases: readonly MendCase[] = [
  {
    what: "a refused ticket is replaced at once",
    fault: fault("TICKET_REFUSED"),
    route: "direct",
    fruitless: 0,
    mend: again({ isFresh: true, restMs: 0 }),
  },
  {
    what: "a server that answers 500 on a new connection costs the ticket",
    fault: fault("DISK_READ_FAILED", 500),
    route: "direct",
    fruitless: 0,
    mend: again({ isFresh: true, restMs: 0 }),
  },
  {
    what: "a server that answers 500 to fresh tickets cannot read the disk",
    fault: fault("DISK_READ_FAILED", 500),
    route: "direct",
    fruitless: 2,
    mend: { kind: "give-up" },
  },
  {
    what: "a connection that broke is looked for again with the same ticket",
    fault: fault("DISK_READ_FAILED"),
    route: "direct",
    fruitless: 0,
    mend: again({ isFresh: false, restMs: 0 }),
  },
  {
    what: "a way that breaks again without a byte is given up",
    fault: fault("DISK_READ_FAILED"),
    route: "direct",
    fruitless: 1,
    mend: again({ isFresh: false, avoid: "direct", restMs: 500 }),
  },
  {
    what: "an agent that stopped lending is given up at once",
    fault: fault("DISK_READ_FAILED"),
    route: "stream",
    fruitless: 0,
    mend: again({ isFresh: false, avoid: "stream", restMs: 0 }),
  },
  {
    what: "a host that is out of reach is looked for once more by the same ticket",
    fault: fault("NO_ROUTE_TO_DISK"),
    route: undefined,
    fruitless: 0,
    mend: again({ isFresh: false, restMs: 0 }),
  },
  {
    what: "a host that stays out of reach may not be the one of a fresh transfer",
    fault: fault("NO_ROUTE_TO_DISK"),
    route: undefined,
    fruitless: 2,
    mend: again({ isFresh: true, restMs: 2_000 }),
  },
  {
    what: "a transfer that did not start is opened anew",
    fault: fault("TRANSFER_FAILED"),
    route: undefined,
    fruitless: 1,
    mend: again({ isFresh: true, restMs: 500 }),
  },
  {
    what: "a transfer that the engine called failed three times is given up: the next attempt does without tracking",
    fault: fault("TRANSFER_FAILED"),
    route: undefined,
    fruitless: 2,
    mend: { kind: "give-up" },
  },
  {
    what: "what no mend helped is given up",
    fault: fault("TICKET_REFUSED"),
    route: "direct",
    fruitless: 4,
    mend: { kind: "give-up" },
  },
];

describe("a disk that broke in the middle", () => {
  test.each(cases)("$what", ({ mend, ...breakage }) => {
    expect(decideMend(breakage)).toEqual(mend);
  });

  it("is not what a repository, the attempt or the capture met", () => {
    for (const code of [
      "UNAVAILABLE",
      "UPLOAD_UNKNOWN",
      "ATTEMPT_FENCED",
      "CAPTURE_ENDED",
      "ENGINE_UNTRUSTED",
    ] as const)
      expect(isDiskFault(fault(code)), code).toBe(false);
    expect(isDiskFault(new Error("a bug"))).toBe(false);
    expect(isDiskFault(fault("TICKET_REFUSED"))).toBe(true);
  });
});
