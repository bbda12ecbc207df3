import { systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, test } from "vitest";
import { type Dice, rollDice } from "../harness/seed.ts";
import { type Ground, openGround } from "../walk/ground.ts";
import { runWalk } from "../walk/run-walk.ts";
import { describeStep } from "../walk/step.ts";
import { initialState } from "../walk/walk-state.ts";

const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const given = process.env["HOLDFAST_STEPS"];
const steps = given === undefined ? (isSoak ? 5_000 : 100) : Number(given);

const limits = { disks: 3, diskMiB: 4, snapshots: 2, points: isSoak ? 12 : 8 };
const start = initialState(2, 2);

let dice: Dice;
let ground: Ground;

beforeAll(async () => {
  // A walk that is known to the end, and meets nearly every act; a soak goes where nobody went.
  dice = rollDice("random-walk", isSoak ? undefined : 236);
  ground = await openGround(start);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
});

test(
  `${steps} random steps of users, operators and fate: every session ends as it may, every point stays what the lab saw (R1–R6, R10)`,
  { timeout: Math.max(300_000, steps * 10_000) },
  async () => {
    const beganMs = systemClock.monotonicMs();
    await runWalk({
      ground,
      start,
      limits,
      dice,
      steps,
      lookEvery: 10,
      onStep: (number, step) => {
        const seconds = Math.round((systemClock.monotonicMs() - beganMs) / 100) / 10;
        process.stderr.write(`random-walk: ${seconds} s, step ${number}: ${describeStep(step)}\n`);
      },
    });
  },
);
