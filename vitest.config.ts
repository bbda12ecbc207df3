import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const conditions = ["source", "node", "import"];
const common = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};

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
          // Many of them wait for processes of their own: on two cores, two files at a time.
          maxWorkers: Math.max(2, availableParallelism()),
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...common,
        test: {
          name: "e2e",
          // Stories start many processes: they come after the unit tests, one file at a time.
          sequence: { groupOrder: 1 },
          include: ["e2e/src/stories/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
