import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { listJournalOfAttempt } from "../database/journal-table.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { isHeld } from "../sessions/journal.ts";
import type { FreezeDeps } from "./freezing.ts";
import { holdGuest, thawAtEnd, thawGuestOf } from "./hold-guest.ts";

const never = new AbortController().signal;
const owner = { installationId: "inst", taskId: "t1", attemptNumber: 1, attemptId: "a1" };
const held = { owner, managerId: "m1", vmId: "v1" };
const refused = new HoldfastError("ENGINE_FAULT", "the engine refused it");
const lost = new HoldfastError("ENGINE_UNREACHABLE", "no answer came");

let database: Database;
beforeEach(async () => {
  database = await openDatabase(":memory:", systemClock);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

/** An engine that answers the two calls so. */
const withEngine = (answers: { readonly freeze?: HoldfastError; readonly thaw?: HoldfastError } = {}): FreezeDeps => {
  const answer = (error: HoldfastError | undefined) => async () => {
    if (error !== undefined) throw error;
  };
  const guest: Partial<Hypervisor> = { freezeGuest: answer(answers.freeze), thawGuest: answer(answers.thaw) };
  return { database, engine: { hypervisor: guest as Hypervisor, clock: systemClock, log: silentLogger } };
};

const mustBeThawed = async (): Promise<boolean> =>
  (await listJournalOfAttempt(database.queries, { taskId: "t1", number: 1 })).some(isHeld);

test("a guest that holds still stands in the journal until it is thawed", async () => {
  await holdGuest(withEngine(), held, never);
  expect(await mustBeThawed()).toBe(true);
  await thawGuestOf(withEngine({ thaw: lost }), held, never);
  expect(await mustBeThawed()).toBe(true);
  await thawGuestOf(withEngine(), held, never);
  expect(await mustBeThawed()).toBe(false);
});

test("a guest that cannot be frozen is told by its code and needs no thawing; of a lost answer nobody knows", async () => {
  // A thaw would be lost here, and leave the guest as one to be thawed.
  await expect(holdGuest(withEngine({ freeze: refused, thaw: lost }), held, never)).rejects.toMatchObject({
    code: "CONSISTENCY_NOT_REACHED",
    message: expect.stringContaining("the engine refused it") as string,
  });
  expect(await mustBeThawed()).toBe(false);
  await expect(holdGuest(withEngine({ freeze: lost }), held, never)).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
  });
  expect(await mustBeThawed()).toBe(true);
});

test("a guest that an earlier life of the step left frozen goes on before it is frozen again, since it would refuse", async () => {
  await holdGuest(withEngine(), held, never);
  const asked: string[] = [];
  const guest: Partial<Hypervisor> = {
    freezeGuest: async () => void asked.push("freeze"),
    thawGuest: async () => void asked.push("thaw"),
  };
  await holdGuest(
    { ...withEngine(), engine: { ...withEngine().engine, hypervisor: guest as Hypervisor } },
    held,
    never,
  );
  expect(asked).toEqual(["thaw", "freeze"]);
  expect(await mustBeThawed()).toBe(true);
});

test("a freezing of which the engine says that it failed itself may have been done: the guest is thawed, then or at the end", async () => {
  const broken = new HoldfastError("ENGINE_FAULT", "the engine failed", { details: { status: 500 } });
  const notReached = { code: "CONSISTENCY_NOT_REACHED" };
  await expect(holdGuest(withEngine({ freeze: broken, thaw: lost }), held, never)).rejects.toMatchObject(notReached);
  expect(await mustBeThawed()).toBe(true);
  await expect(holdGuest(withEngine({ freeze: broken }), held, never)).rejects.toMatchObject(notReached);
  expect(await mustBeThawed()).toBe(false);
});

test("at the end an engine that refuses to thaw is told and not asked again, one that is away is", async () => {
  await holdGuest(withEngine(), held, never);
  await expect(thawAtEnd(withEngine({ thaw: lost }), held, never)).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
  });
  expect(await mustBeThawed()).toBe(true);
  const remarks = await thawAtEnd(withEngine({ thaw: refused }), held, never);
  expect(remarks).toMatchObject([{ level: "warning", code: "GUEST_NOT_THAWED" }]);
  expect(await mustBeThawed()).toBe(false);
});
