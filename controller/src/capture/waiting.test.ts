import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, test } from "vitest";

import { throughConflicts, throughOutages, waitFor } from "./waiting.ts";

/** A clock whose time passes only while someone sleeps. */
const steppedClock = () => {
  const pauses: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
      nowMs += ms;
    },
    timeout: () => new AbortController().signal,
    after: () => () => undefined,
  };
  return { clock, pauses, log: silentLogger };
};
const never = new AbortController().signal;
const patience = { what: "the thing", deadlineMs: 60_000 };

test("an idle engine costs one look, a slow one is looked at ever more seldom", async () => {
  const quick = steppedClock();
  await waitFor(quick, patience, async () => "there", never);
  expect(quick.pauses).toEqual([]);

  const slow = steppedClock();
  let looks = 0;
  await waitFor(slow, patience, async () => ((looks += 1) > 10 ? "there" : undefined), never);
  expect(slow.pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]);
});

test("what does not come ends in TIMEOUT that names it, within the deadline", async () => {
  const { clock, pauses } = steppedClock();
  const waiting = waitFor({ clock }, patience, async () => undefined, never);
  await expect(waiting).rejects.toMatchObject({
    code: "TIMEOUT",
    message: expect.stringContaining("the thing") as string,
  });
  expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
});

test("an engine that goes away is looked at again, for two minutes", async () => {
  const deps = steppedClock();
  const gone = (): Promise<string> => Promise.reject(new HoldfastError("ENGINE_UNREACHABLE", "502"));
  let looks = 0;
  const back = async (): Promise<string> => ((looks += 1) > 12 ? "there" : gone());
  expect(await waitFor(deps, { ...patience, deadlineMs: 900_000 }, back, never)).toBe("there");

  const stays = steppedClock();
  const waiting = waitFor(stays, { ...patience, deadlineMs: 900_000 }, gone, never);
  await expect(waiting).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(stays.pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(120_000);
});

test("what may be repeated is done again while the engine is away, within patience, and nothing else is", async () => {
  const deps = steppedClock();
  let asks = 0;
  const awayTwice = async (): Promise<string> => {
    asks += 1;
    if (asks <= 2) throw new HoldfastError("ENGINE_UNREACHABLE", "502");
    return "done";
  };
  const minute = { what: "the thing", patienceMs: 60_000 };
  expect(await throughOutages(deps, minute, awayTwice, never)).toBe("done");
  expect(deps.pauses).toEqual([500, 1_000]);

  const stays = steppedClock();
  const gone = (): Promise<string> => Promise.reject(new HoldfastError("ENGINE_UNREACHABLE", "502"));
  await expect(throughOutages(stays, minute, gone, never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(stays.pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
  const refused = (): Promise<string> => Promise.reject(new HoldfastError("ENGINE_FAULT", "no"));
  await expect(throughOutages(steppedClock(), minute, refused, never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
});

test("a busy object is asked again, anything else is told at once", async () => {
  const deps = steppedClock();
  let asks = 0;
  const busyTwice = async (): Promise<string> => {
    asks += 1;
    if (asks <= 2) throw new HoldfastError("ENGINE_CONFLICT", "busy");
    return "done";
  };
  expect(await throughConflicts(deps, patience, busyTwice, never)).toBe("done");
  expect(deps.pauses).toEqual([500, 1_000]);

  const refused = async (): Promise<string> => Promise.reject(new HoldfastError("ENGINE_FAULT", "no"));
  await expect(throughConflicts(deps, patience, refused, never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  const busy = async (): Promise<string> => Promise.reject(new HoldfastError("ENGINE_CONFLICT", "busy"));
  await expect(throughConflicts(deps, patience, busy, never)).rejects.toMatchObject({ code: "ENGINE_CONFLICT" });
});

test("an abort ends the waiting with its reason", async () => {
  const stop = new AbortController();
  const deps = steppedClock();
  const waiting = waitFor<string>(
    deps,
    patience,
    async () => {
      stop.abort(new Error("enough"));
      return undefined;
    },
    stop.signal,
  );
  await expect(waiting).rejects.toThrow("enough");
});
