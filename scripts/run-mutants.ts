import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Mutant, readMutants } from "./mutants/mutant.ts";
import { TreeCopy } from "./mutants/tree-copy.ts";

// Applies every patch of e2e/mutants to a copy of the tree and sees its test go red. `run-mutants.ts [NAME…]` takes some of
// them. A run of all of them that succeeds writes docs/design/mutants.md.

interface Verdict {
  readonly mutant: Mutant;
  /** The test that noticed. */
  readonly killedBy: string | undefined;
  readonly seconds: number;
}

const root = resolve(import.meta.dirname, "..");
const names = process.argv.slice(2);
const all = await readMutants(join(root, "e2e", "mutants"));
const mutants = names.length === 0 ? all : all.filter(({ name }) => names.some((asked) => name.includes(asked)));
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Red means something only where the tests are green without the mutant. */
const requireGreen = async (copy: TreeCopy): Promise<void> => {
  for (const test of new Set(mutants.map((mutant) => mutant.test))) {
    const { isGreen, output } = await copy.test(test);
    if (!isGreen) throw new Error(`${test} is red without a mutant:\n${output}`);
    say(`green without mutants: ${test}`);
  }
};

const judge = async (copy: TreeCopy, mutant: Mutant): Promise<Verdict> => {
  const start = performance.now();
  await copy.apply(mutant.path, { reverse: false });
  const { isGreen, failed, firstFailure, output } = await copy.test(mutant.test);
  await copy.apply(mutant.path, { reverse: true });
  const killedBy = isGreen ? undefined : (firstFailure ?? (failed > 0 ? "(unnamed)" : "the run itself"));
  if (killedBy === "the run itself") say(output.slice(-2000));
  const seconds = Math.round((performance.now() - start) / 1000);
  say(
    `${killedBy === undefined ? "SURVIVED" : "killed  "} ${mutant.name} (${seconds} s)${killedBy ? `: ${killedBy}` : ""}`,
  );
  return { mutant, killedBy, seconds };
};

const judgeAll = async (): Promise<readonly Verdict[]> => {
  const waiting = [...mutants];
  const lane = async (): Promise<Verdict[]> => {
    await using copy = await TreeCopy.of(root);
    const verdicts: Verdict[] = [];
    for (let next = waiting.shift(); next; next = waiting.shift()) verdicts.push(await judge(copy, next));
    return verdicts;
  };
  return (await Promise.all([lane(), lane()])).flat().toSorted((a, b) => (a.mutant.name < b.mutant.name ? -1 : 1));
};

const tableOf = (verdicts: readonly Verdict[]): string => {
  const rows = verdicts.map(
    ({ mutant: { name, rule, test }, killedBy }) => `| \`${name}\` | ${rule} | \`${test}\` | ${killedBy ?? "–"} |`,
  );
  return [
    "# Mutants",
    "",
    "Each patch in `e2e/mutants/` changes one line so that one rule is broken; `make mutants` applies each to a copy of the tree,",
    "runs the test file that guards the rule and sees it fail. This page is written by that run.",
    "",
    "| mutant | what it breaks | guarded by | the first test that failed |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
};

{
  await using copy = await TreeCopy.of(root);
  await requireGreen(copy);
}
const verdicts = await judgeAll();
const survivors = verdicts.filter(({ killedBy }) => killedBy === undefined);
if (survivors.length === 0 && names.length === 0)
  await writeFile(join(root, "docs/design/mutants.md"), tableOf(verdicts));
say(`${verdicts.length - survivors.length} killed, ${survivors.length} survived`);
process.exitCode = survivors.length === 0 ? 0 : 1;
