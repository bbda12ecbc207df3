import { createHash } from "node:crypto";

/** Numbers that a seed always gives in the same order. */
export interface Dice {
  readonly seed: number;
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number;
}

/** Dice of HOLDFAST_SEED, else of the `usual` seed, else of one of this moment; prints it, so that a failure can be repeated. */
export const rollDice = (name: string, usual?: number): Dice => {
  const given = process.env["HOLDFAST_SEED"] ?? usual;
  const seed = given === undefined ? Number(process.hrtime.bigint() % 1_000_000_007n) : Number(given);
  process.stderr.write(`${name}: HOLDFAST_SEED=${seed}\n`);
  return createDice(seed);
};

/** Dice of a known seed. */
export const createDice = (seed: number): Dice => {
  let count = 0;
  return {
    seed,
    below: (limit) => {
      count += 1;
      return createHash("sha256").update(`${seed}:${count}`).digest().readUInt32LE(0) % limit;
    },
  };
};
