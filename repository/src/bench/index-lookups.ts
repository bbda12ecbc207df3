import { randomInt } from "node:crypto";
import { systemClock } from "@holdfast/shared/clock/clock";
import { IndexDatabase } from "../index/index-database.ts";
import { syntheticId } from "../index/testing/synthetic-tables.ts";

// A phase of `index.ts`, a process of its own: looks ids up one at a time, then the same ones again, and tells how long it took.
const [path = "", chunks = "1"] = process.argv.slice(2);
const ids = Array.from({ length: 5000 }, () => syntheticId(randomInt(Number(chunks))));
using database = new IndexDatabase(path, "r");

const measure = (): object => {
  const tookMs = ids.map((id) => {
    const beganMs = systemClock.monotonicMs();
    if (database.lookup("chunk", id)[0] === undefined) throw new Error("an id that was indexed is not found");
    return systemClock.monotonicMs() - beganMs;
  });
  tookMs.sort((a, b) => a - b);
  return { medianMs: tookMs[tookMs.length >> 1], p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] };
};

process.stdout.write(JSON.stringify({ cold: measure(), warm: measure() }));
