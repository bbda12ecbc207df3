import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type DefinitionOptions, defaultKeepDays } from "./definition-options.ts";

/** What the wizard may offer. */
export interface WizardChoices {
  readonly vms: readonly string[];
  readonly repositories: readonly string[];
}

/** The wizard's answers: a job, or none when the summary was not confirmed. */
export type WizardResult =
  | { readonly confirmed: true; readonly name: string; readonly options: DefinitionOptions }
  | { readonly confirmed: false };

type Ask = (question: string) => Promise<string>;

/** Asks for name, VMs, destination, schedule, and shows the summary with the command that would do the same. */
export const runWizard = async (
  deps: { readonly ask: Ask; readonly note: (text: string) => void },
  choices: WizardChoices,
  givenName: string | undefined,
): Promise<WizardResult> => {
  const name = givenName ?? (await askNeeded(deps.ask, "Name of the job: "));
  deps.note(`VMs: ${choices.vms.join(", ")}`);
  const vm = await askVms(deps.ask, deps.note, choices.vms);
  const repository = await askOne(deps.ask, deps.note, "Destination", choices.repositories);
  const dailyAt = (await deps.ask("Every day at (HH:MM, empty for by hand only): ")).trim();
  const keepDays = Number(
    (await deps.ask(`Keep points for how many days [${defaultKeepDays}]: `)).trim() || defaultKeepDays,
  );

  const options: DefinitionOptions = { vm, repository, keepDays, ...(dailyAt === "" ? {} : { dailyAt }) };
  deps.note(`\n${equivalentCommand(name, options)}\n`);
  const answer = await deps.ask("Create this job? [yes/no] ");
  return /^y(es)?$/i.test(answer.trim()) ? { confirmed: true, name, options } : { confirmed: false };
};

/** The command line that makes the same job without questions. */
export const equivalentCommand = (name: string, options: DefinitionOptions): string =>
  [
    `holdfast job create ${quoted(name)}`,
    ...(options.vm ?? []).map((vm) => `--vm ${quoted(vm)}`),
    ...(options.repository === undefined ? [] : [`--repository ${quoted(options.repository)}`]),
    ...(options.dailyAt === undefined ? [] : [`--daily-at ${options.dailyAt}`]),
    ...(options.keepDays === undefined ? [] : [`--keep-days ${options.keepDays}`]),
  ].join(" ");

const askNeeded = async (ask: Ask, question: string): Promise<string> => {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const answer = (await ask(question)).trim();
    if (answer !== "") return answer;
  }
  throw new HoldfastError("INVALID_ARGUMENT", "no answer was given");
};

const askVms = async (ask: Ask, note: (text: string) => void, known: readonly string[]): Promise<readonly string[]> => {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const names = (await ask("Which (names, separated by commas): "))
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const unknown = names.filter((name) => !known.some((one) => one === name || one.endsWith(`/${name}`)));
    if (names.length > 0 && unknown.length === 0) return names;
    note(unknown.length > 0 ? `no such VM: ${unknown.join(", ")}` : "give at least one");
  }
  throw new HoldfastError("INVALID_ARGUMENT", "no VMs were chosen");
};

const askOne = async (
  ask: Ask,
  note: (text: string) => void,
  what: string,
  known: readonly string[],
): Promise<string> => {
  const [only] = known;
  const fallback = known.length === 1 && only !== undefined ? only : undefined;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const hint = fallback === undefined ? `(${known.join(", ")})` : `[${fallback}]`;
    const answer = (await ask(`${what} ${hint}: `)).trim() || (fallback ?? "");
    if (known.includes(answer)) return answer;
    note(`no such ${what.toLowerCase()}: ${answer}`);
  }
  throw new HoldfastError("INVALID_ARGUMENT", `no ${what.toLowerCase()} was chosen`);
};

const maxTries = 5;

const quoted = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
