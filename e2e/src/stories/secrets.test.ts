import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BusSpy, openBusSpy } from "../harness/bus-spy.ts";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { textsInDatabase } from "../harness/database-texts.ts";
import { type Installation, openInstallation, patientWithAgents } from "../harness/installation.ts";
import {
  type Lab,
  engineRole,
  engineUser,
  imageioPorts,
  openLab,
  twoClusters,
  workerTemplate,
} from "../harness/lab.ts";
import { createOperator, present } from "../harness/operator.ts";
import { type PlantedSecret, type WrittenText, collectKept, findPlanted } from "../harness/planted-secrets.ts";
import { programArguments } from "../harness/programs.ts";
import { runProgram } from "../harness/run-program.ts";
import { readIfThere, searchForSecrets } from "../harness/secret-search.ts";
import { type ProcessWatch, watchProcesses } from "../harness/shown-by-processes.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;
const stack = new AsyncDisposableStack();
/** Of this run alone, so that finding it nowhere means something. */
const password = `engine-${randomBytes(12).toString("hex")}`;

let run: TestRun;
let lab: Lab;
let installation: Installation;
let spy: BusSpy;
let watch: ProcessWatch;
let commands: CommandLine;
/** Everything that commands said; but for those that show a secret once, on purpose. */
const said: WrittenText[] = [];

const vm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 8 * MiB, fill: { seed: name, bytes: 3 * MiB } }],
});

beforeAll(async () => {
  run = stack.use(await openTestRun());
  const users = [{ name: engineUser.name, password, roles: [{ role: engineRole.name }] }];
  const vms = [vm("blind", "east"), vm("wired", "west")];
  lab = stack.use(await openLab(run, { ...twoClusters("ovirt"), users, vms }));
  watch = stack.use(watchProcesses(run.id, 100));
  const place = { manager: "ovirt", reachableHosts: ["none"] };
  installation = stack.use(
    await openInstallation({
      run,
      controllerEnv: { ...patientWithAgents, ...imageioPorts([lab]) },
      agents: [
        { ...place, name: "blind", cluster: "east" },
        { ...place, name: "wired", cluster: "west", host: "ovirt-west-1", reachableHosts: ["*"] },
      ],
    }),
  );
  spy = stack.use(await openBusSpy(installation));
  commands = openCommandLine(run, installation);
  await writeFile(join(run.dir, "password"), `${password}\n`, { mode: 0o600 });
  await writeFile(join(run.dir, "wrong-password"), `wrong-${password}\n`, { mode: 0o600 });
});
afterAll(() => stack.disposeAsync());

/** Runs a command that must end with this code, and keeps what it said. */
const holdfast = async (line: string, code = 0, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { stdout, stderr, ...ended } = await commands(line.split(" "), env);
  said.push({ where: `output of ${line}`, text: stdout }, { where: `errors of ${line}`, text: stderr });
  expect(ended.code, `holdfast ${line}: ${stderr}`).toBe(code);
  return stdout;
};

const file = (name: string): string => join(run.dir, name);

const newestPoint = async (name: string): Promise<string> => {
  const { points } = JSON.parse(await holdfast(`point list --vm ${name} -o json`)) as { points: { pointId: string }[] };
  return present(points.at(-1)).pointId;
};

test("secrets are given, changed, refused and taken back", async () => {
  const trust = `--api-ca ${lab.addresses.apiCaFile} --imageio-ca ${lab.addresses.imageioCaFile}`;
  const manager = `manager add ovirt --url ${lab.addresses.engine} --user ${engineUser.name} ${trust}`;
  await holdfast(`${manager} --password-file ${file("wrong-password")} -o json`, 77);
  await holdfast(`${manager} --password-file ${file("password")} -o json`);
  await holdfast(`manager edit ovirt --password-file ${file("wrong-password")}`, 77);
  await holdfast(`manager edit ovirt --password-file ${file("password")} -o json`);
  const operator = createOperator(installation);
  await operator.addRepository();
  await operator.waitForAgents("blind", "wired");

  await holdfast(`token create anna --role operator --to-file ${file("anna-token")} -o json`);
  await holdfast(`agent invite --name later --to-file ${file("later.join")} -o json`);
  await holdfast(`repository invite --to-file ${file("archive.join")}`);
  await holdfast("job list -o json", 0, { HOLDFAST_TOKEN_FILE: file("anna-token") });
  await holdfast("agent revoke wired", 77, { HOLDFAST_TOKEN_FILE: file("anna-token") });
  await writeFile(file("stolen-token"), "hfu1.elsewhere.nobody.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", { mode: 0o600 });
  await holdfast("job list -o json", 77, { HOLDFAST_TOKEN_FILE: file("stolen-token") });

  const { tokens } = JSON.parse(await holdfast("token list -o json")) as {
    tokens: { tokenId: string; name: string }[];
  };
  await holdfast(`token revoke ${present(tokens.find(({ name }) => name === "anna")).tokenId} -o json`);
});

test("disks are read by stream, socket and proxy", async () => {
  const operator = createOperator(installation);
  // By stream through the agent of the other cluster, by the socket of its host, and by the proxy when nobody lends.
  const routes: string[] = [];
  for (const name of ["blind", "wired"]) {
    await holdfast(`job create ${name} --vm ${name} --repository main`);
    routes.push(await holdfast(`job run ${name} --wait -o json`));
  }
  await installation.agent("wired").stop();
  await until("the lender to be away", async () => {
    const { agents } = await installation.api.service(AgentService).listAgents({}, { timeoutMs: 30_000 });
    return agents.some(({ name, state }) => name === "wired" && state === "silent");
  });
  routes.push(await holdfast("job run blind --wait -o json"));
  for (const [index, route] of ["stream", "socket", "proxy"].entries()) expect(routes[index]).toContain(`"${route}"`);
  await installation.agent("wired").start();
  await operator.waitForAgents("wired");
});

test("a VM is restored, a disk exported, and one cannot be read", async () => {
  await holdfast(`restore vm ${await newestPoint("wired")} --name restored --wait -o json`);
  await holdfast(`point export ${await newestPoint("blind")} --to ${file("blind.raw")} -o json`);
  await lab.control.addVm(vm("failing", "west"));
  await createOperator(installation).createJob("failing", ["failing"]);
  await lab.control.armImageioFault({ fault: { kind: "fail-reads", count: 100_000 } });
  await holdfast("job run failing --wait -o json", 1);
  await lab.control.clearFaults();
});

test("a worker is launched, everything is listed, and an agent is revoked", async () => {
  await holdfast(`worker add helper --manager ovirt --cluster east --template ${workerTemplate} -o json`);
  await holdfast("worker test helper -o json");

  const nouns = ["manager", "repository", "agent", "member", "worker", "vm", "job", "session", "point"];
  await Promise.all(nouns.map((noun) => holdfast(`${noun} list -o json`)));
  await holdfast("agent show blind -o json");
  await holdfast("agent revoke blind -o json");
});

/** All that was said, sent, stored or shown in the run, and what must not be in it. */
const gather = async (): Promise<{
  readonly texts: readonly WrittenText[];
  readonly secrets: readonly PlantedSecret[];
}> => {
  const manifests: WrittenText[] = [];
  for (const name of ["blind", "wired"]) {
    const pointId = await newestPoint(name);
    for (const form of [["-o", "json"], ["--ovf"]]) {
      const args = [...programArguments("repository/cli"), "show", installation.repositoryDir, pointId, ...form];
      const spec = { name: "holdfast-repository", command: process.execPath, args, env: run.env };
      const shown = await runProgram(spec, AbortSignal.timeout(60_000));
      expect(shown.code, shown.stderr).toBe(0);
      manifests.push({ where: `manifest of ${name}`, text: shown.stdout });
    }
  }
  const logs: WrittenText[] = [];
  for (const name of (await readdir(run.dir)).filter((one) => one.endsWith(".log")))
    logs.push({ where: name, text: await readIfThere(file(name)) });
  const rows = [join(installation.controllerDir, "controller.db"), file("index.sqlite")].flatMap(textsInDatabase);
  const secrets = [
    { what: "the engine's password", value: password },
    ...(await collectKept(run.dir)),
    ...spy.permissions(),
  ];
  return { texts: [...said, ...spy.heard(), ...watch.seen(), ...rows, ...manifests, ...logs], secrets };
};

test("no password, ticket, token or key is in a log, row, message, manifest, output, error, environment or command line", async () => {
  const { texts, secrets } = await gather();
  for (const place of [
    /^bus hf\.v1\.agent/,
    /^bus hf\.v1\.wake/,
    /^bus _INBOX/,
    /^table/,
    /^manifest/,
    /^output/,
    /^errors/,
    /\.log$/,
    /^the environment/,
    /^the command line/,
  ])
    expect(texts.filter(({ where, text }) => place.test(where) && text !== "").length, String(place)).toBeGreaterThan(
      0,
    );
  for (const kind of [
    /password/,
    /ticket/,
    /task token/,
    /secret\.key/,
    /task-token\.key/,
    /ca\.key/,
    /bus-seeds/,
    /\.seed/,
    /\.join/,
    /anna-token/,
    /admin\.token/,
  ])
    expect(secrets.filter(({ what }) => kind.test(what)).length, String(kind)).toBeGreaterThan(0);

  expect(findPlanted(texts, secrets)).toEqual([]);
  expect(await searchForSecrets(run.dir)).toEqual([]);
});

test("each of them would be found", async () => {
  const { secrets } = await gather();
  for (const { what, value } of secrets) {
    const coded = Buffer.from(value).toString("base64");
    for (const text of [`before ${value} after`, `before ${coded}`])
      expect(findPlanted([{ where: "a log", text }], secrets), what).toContainEqual({ where: "a log", what });
  }
  await writeFile(file("planted.log"), present(spy.permissions().find(({ what }) => what === "a task token")).value);
  expect(await searchForSecrets(run.dir)).toEqual([{ where: "planted.log", what: "a task token" }]);
  await writeFile(file("planted.log"), "");
});
