import { readFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What a run came to: what its closing lines are made of. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** What failed: file, test and the first line of its error. */
  readonly failures: readonly string[];
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
  readonly slowest: readonly { readonly name: string; readonly durationMs: number }[];
}

/** One finished test, freed of the runner's own types. */
export interface Finished {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly durationMs: number;
  readonly file: string;
  /** The first error's message, of a failed test. */
  readonly error?: string;
}

/** Counts the tests and keeps the ten slowest; `outsideTests` are failed files and hooks that belong to no test. */
export const tallyOf = (tests: readonly Finished[], outsideTests: readonly string[]): Tally => ({
  passed: tests.filter((test) => test.state === "passed").length,
  failed: tests.filter((test) => test.state === "failed").length + outsideTests.length,
  failures: [
    ...tests
      .filter((test) => test.state === "failed")
      .map(({ file, name, error }) => `${file}: ${name}: ${firstLine(error ?? "no error was told")}`),
    ...outsideTests,
  ],
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
  // Once more, since a log that is cut off keeps only its end.
  ...tally.failures.map((failure) => `failed: ${failure}`),
  ...unlisted.map((name) => `skipped without a reason in e2e/skips.txt: ${name}`),
  `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`,
];

/** Ends every run with its ten slowest tests and its tally; under CI a skip without a listed reason fails the run. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()].map(finished));
    const outside = unhandled.map((error) => `outside every test: ${firstLine(messageOf(error))}`);
    const tally = tallyOf(tests, [...modules.flatMap(failuresAround), ...outside]);
    const unlisted = process.env["CI"] === "true" ? tally.skipped.filter((name) => !listedSkips().has(name)) : [];

    if (unlisted.length > 0) process.exitCode = 1;
    // The default reporter prints its summary in the same event; a later turn keeps our line the very last.
    setImmediate(() => process.stdout.write(`${closingLines(tally, unlisted).join("\n")}\n`));
  }
}

const finished = (test: TestCase): Finished => {
  const { state, errors } = test.result();
  return {
    name: test.fullName,
    state: state === "passed" || state === "failed" ? state : "skipped",
    durationMs: test.diagnostic()?.duration ?? 0,
    file: test.module.relativeModuleId,
    ...(errors?.[0] && { error: errors[0].message }),
  };
};

/** Errors of a file or suite that belong to no test, such as a failed import or a failed hook. */
const failuresAround = (module: TestModule): readonly string[] =>
  [module, ...module.children.allSuites()].flatMap((part) =>
    part.errors().map((error) => `${module.relativeModuleId}: ${firstLine(error.message)}`),
  );

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);

const firstLine = (text: string): string => text.split("\n", 1)[0]?.slice(0, 300) ?? "";

const listedSkips = (): ReadonlySet<string> => {
  try {
    return parseSkips(readFileSync(new URL("../e2e/skips.txt", import.meta.url), "utf8"));
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return new Set();
    throw caught;
  }
};
