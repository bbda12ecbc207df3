import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const conditions = ["source", "node", "import"];
/** Whoever has just built the programs (HOLDFAST_BUILT=1) takes threads from there too. */
const alias =
  process.env["HOLDFAST_BUILT"] === "1"
    ? { "@holdfast/shared/threads/sibling": join(import.meta.dirname, "shared/src/threads/testing/built-sibling.ts") }
    : {};
const common = {
  resolve: { conditions, alias },
  ssr: { resolve: { conditions } },
};

/** Stories whose certificates live for seconds, or that freeze or kill whole installations at moments of a session: they have the machine to themselves. */
const aloneStories = ["identities-renewal", "kills", "power-failure"].map((name) => `e2e/src/stories/${name}.test.ts`);

const stories = {
  pool: "forks",
  testTimeout: 300_000,
  hookTimeout: 240_000,
} as const;

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/tally-reporter.ts"],
    projects: [
      {
        ...common,
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          include: [
            "{proto,shared,controller,agent,repository,cli}/src/**/*.test.ts",
            "e2e/src/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
          exclude: ["e2e/src/stories/**"],
          pool: "forks",
          // Loading everything anew for each file took half of the run. What is left behind in a process is a defect of a test.
          isolate: false,
          // Many of them wait for processes of their own: on two cores, two files at a time.
          maxWorkers: Math.max(2, availableParallelism()),
          // Deadlines for a crowded machine; on an idle one the slowest, a year of backups, takes 50 s.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...common,
        test: {
          ...stories,
          name: "e2e",
          // Stories start many processes: they come after the unit tests, two files at a time.
          sequence: { groupOrder: 1 },
          include: ["e2e/src/stories/**/*.test.ts"],
          exclude: aloneStories,
          maxWorkers: 2,
        },
      },
      {
        ...common,
        test: {
          ...stories,
          name: "e2e-alone",
          sequence: { groupOrder: 2 },
          include: aloneStories,
          fileParallelism: false,
        },
      },
    ],
  },
});
