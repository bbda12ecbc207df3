import { type AgentSpec, type Installation, openInstallation } from "./installation.ts";
import { type Lab, type LabConfig, imageioPorts, openLab } from "./lab.ts";
import { type Operator, createOperator } from "./operator.ts";
import { type TestRun, openTestRun } from "./test-run.ts";

/** What the tests of one file share: labs that are connected as managers, a repository, and agents that are healthy. */
export interface Story extends AsyncDisposable {
  readonly run: TestRun;
  readonly installation: Installation;
  readonly operator: Operator;
  readonly lab: (name: string) => Lab;
}

/** What a file chooses. */
export interface StorySpec {
  readonly labs: readonly LabConfig[];
  readonly agents: readonly AgentSpec[];
  /** What has to be in the run's folder before anything starts. */
  readonly prepare?: (run: TestRun) => Promise<void>;
  /** Further variables of the controller. */
  readonly controllerEnv?: (run: TestRun) => Readonly<Record<string, string>>;
}

/** Starts everything and connects it; disposing ends it all and fails when a process is left. */
export const openStory = async (spec: StorySpec): Promise<Story> => {
  await using stack = new AsyncDisposableStack();
  const run = stack.use(await openTestRun());
  await spec.prepare?.(run);
  const labs = new Map<string, Lab>();
  for (const config of spec.labs) labs.set(config.name, stack.use(await openLab(run, config)));
  const { agents, controllerEnv = () => ({}) } = spec;
  const env = { ...imageioPorts([...labs.values()]), ...controllerEnv(run) };
  const installation = stack.use(await openInstallation({ run, agents, controllerEnv: env }));
  const operator = createOperator(installation);
  for (const lab of labs.values()) await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents(...agents.map(({ name }) => name));

  const owned = stack.move();
  return {
    run,
    installation,
    operator,
    lab: (name) => {
      const found = labs.get(name);
      if (found === undefined) throw new Error(`no lab ${name}`);
      return found;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
