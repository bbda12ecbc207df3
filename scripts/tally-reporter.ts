import { readFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What a run came to: what its closing lines are made of. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
  readonly slowest: readonly { readonly name: string; readonly durationMs: number }[];
}

/** One finished test, freed of the runner's own types. */
export interface Finished {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly durationMs: number;
}

/** Counts the tests and keeps the ten slowest; a file or hook that failed outside every test counts as one failure. */
export const tallyOf = (tests: readonly Finished[], failuresOutsideTests: number): Tally => ({
  passed: tests.filter((test) => test.state === "passed").length,
  failed: tests.filter((test) => test.state === "failed").length + failuresOutsideTests,
  skipped: tests.filter((test) => test.state === "skipped").map((test) => test.name),
  slowest: tests
    .filter((test) => test.state !== "skipped")
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, 10),
});

/** The test names of a skips file: a name, then a tab or two spaces, then its reason; `#` starts a comment line. */
export const parseSkips = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("#"))
      .flatMap((line) => /^(.+?)(?:\t| {2,})\S/.exec(line)?.[1]?.trim() ?? []),
  );

/** The closing lines of a run; the last is the one that machines read. */
export const closingLines = (tally: Tally, unlisted: readonly string[]): readonly string[] => [
  ...(tally.slowest.length > 0 ? ["slowest tests:"] : []),
  ...tally.slowest.map(({ name, durationMs }) => `${(durationMs / 1000).toFixed(2).padStart(8)} s  ${name}`),
  ...unlisted.map((name) => `skipped without a reason in e2e/skips.txt: ${name}`),
  `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`,
];

/** Ends every run with its ten slowest tests and its tally; under CI a skip without a listed reason fails the run. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()].map(finished));
    const tally = tallyOf(tests, unhandled.length + modules.reduce((sum, module) => sum + failuresAround(module), 0));
    const unlisted = process.env["CI"] === "true" ? tally.skipped.filter((name) => !listedSkips().has(name)) : [];

    if (unlisted.length > 0) process.exitCode = 1;
    // The default reporter prints its summary in the same event; a later turn keeps our line the very last.
    setImmediate(() => process.stdout.write(`${closingLines(tally, unlisted).join("\n")}\n`));
  }
}

const finished = (test: TestCase): Finished => {
  const { state } = test.result();
  return {
    name: test.fullName,
    state: state === "passed" || state === "failed" ? state : "skipped",
    durationMs: test.diagnostic()?.duration ?? 0,
  };
};

/** Errors of a file or suite that belong to no test, such as a failed import or a failed hook. */
const failuresAround = (module: TestModule): number =>
  module.errors().length + [...module.children.allSuites()].reduce((sum, suite) => sum + suite.errors().length, 0);

const listedSkips = (): ReadonlySet<string> => {
  try {
    return parseSkips(readFileSync(new URL("../e2e/skips.txt", import.meta.url), "utf8"));
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return new Set();
    throw caught;
  }
};
