type Environment = Readonly<Record<string, string | undefined>>;

/** Marks every process of a test run, so that the run can find what it left behind. */
const testRunMark = "HOLDFAST_TEST_RUN";

/**
 * Environment of a process that standalone starts: what is not ours, the settings of that program alone (`prefix_…`), and over
 * them what standalone itself decides. Other variables of ours speak to other programs: a password for `manager add`, or the
 * file of another program's configuration, must not reach this one.
 */
export const childEnvironment = (
  parent: Environment,
  prefix: string | undefined,
  settings: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv => {
  const isForChild = (name: string): boolean =>
    !name.startsWith("HOLDFAST_") || name === testRunMark || (prefix !== undefined && name.startsWith(`${prefix}_`));
  const own = Object.entries(settings).map(([name, value]) => [`${prefix ?? "HOLDFAST"}_${name}`, value] as const);
  return Object.fromEntries([...Object.entries(parent).filter(([name]) => isForChild(name)), ...own]);
};
