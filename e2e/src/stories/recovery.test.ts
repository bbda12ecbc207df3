import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RecoveryService } from "@holdfast/proto/holdfast/controller/v1/recovery_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { StoredIdentity } from "@holdfast/shared/identity/identity-folder";
import { makeRecoveryKey, writeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { createDialer } from "../harness/dialer.ts";
import { type Installation, openInstallation } from "../harness/installation.ts";
import { createOperator } from "../harness/operator.ts";
import { programArguments } from "../harness/programs.ts";
import { runWell } from "../harness/run-program.ts";
import { joinAgent, openBusAs, renewAt } from "../harness/story-member.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";
import { until } from "../harness/until.ts";
import { openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };

let stack: AsyncDisposableStack;
let run: TestRun;
let installation: Installation;
let holdfast: CommandLine;
let thief: StoredIdentity;
let friend: StoredIdentity;
const dialer = createDialer();
const below = (name: string): string => join(run.dir, name);

const well = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await holdfast(args);
  expect(code, `holdfast ${args.join(" ")}: ${stderr}`).toBe(0);
  return stdout;
};

/** An installation that was backed up before one of its two agents was revoked, and lost afterwards with its bus. */
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  run = stack.use(await openTestRun());
  installation = stack.use(await openInstallation({ run, agents: [] }));
  stack.use(dialer);
  holdfast = openCommandLine(run, installation);
  await createOperator(installation).addRepository();
  await well("recovery-kit", "renew", "--to-file", below("recovery-kit.txt"));
  [thief, friend] = [await joinAgent(installation, "thief"), await joinAgent(installation, "friend")];
  const recovery = installation.api.service(RecoveryService);
  await until("the installation to be backed up with both agents", async () => {
    const { repositories, kit } = await recovery.getRecovery({}, call);
    return kit === 2 && repositories.length === 1 && repositories.every(({ current }) => current);
  });
  await runWell(
    {
      name: "export",
      command: process.execPath,
      args: [
        ...programArguments("repository/cli"),
        "configuration",
        "export",
        installation.repositoryDir,
        "--to",
        below("older.hfcf"),
      ],
      env: run.env,
    },
    AbortSignal.timeout(60_000),
  );
  await well("agent", "revoke", "thief");
  await until("the repository to hear of it", () => refusesAtRepository(thief));
  await installation.controller.kill();
  await installation.nats.kill();
  await rename(installation.controllerDir, below("lost"));
});

afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
});

const codeAtRepository = async ({ identity }: StoredIdentity): Promise<unknown> => {
  const { repositoryAddress: address } = installation;
  const service = dialer.dial({ address, role: "repository", proof: identity }).service(RepositoryService);
  return await service.getRepository({}, call).then(
    () => "let in",
    (caught: { readonly code?: string }) => caught.code,
  );
};

const refusesAtRepository = async (member: StoredIdentity): Promise<boolean> =>
  (await codeAtRepository(member)) === "IDENTITY_REVOKED";

const recover = (keyFile: string, to: string) =>
  holdfast(["controller", "recover", "--from", below("older.hfcf"), "--recovery-key-file", keyFile, "--to", to]);

test("another recovery key is refused by its id, and nothing is made", async () => {
  await writeFile(below("other-recovery-kit.txt"), writeRecoveryKey(makeRecoveryKey().privateKey), { mode: 0o600 });
  const said = await recover(below("other-recovery-kit.txt"), below("nowhere"));
  expect(said).toMatchObject({ code: 77, stderr: expect.stringContaining("RECOVERY_KEY_WRONG") });
  const keyId = /key id\s+(\S+)/.exec(await readFile(below("recovery-kit.txt"), "utf8"))?.[1] ?? "none";
  expect(said.stderr).toContain(`sealed to recovery key ${keyId}`);
  await expect(stat(below("nowhere"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a folder with something in it is refused", async () => {
  const said = await recover(below("recovery-kit.txt"), below("lost"));
  expect(said).toMatchObject({ code: 73, stderr: expect.stringContaining("TARGET_NOT_EMPTY") });
});

test("a rebuilt controller is believed, and who was revoked after its backup is believed by nobody", async () => {
  const seen = await (await openVouching(below("lost"))).trustNumber();
  const said = await recover(below("recovery-kit.txt"), installation.controllerDir);
  expect(said, said.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("agents") });
  const { trustNumber } = await openVouching(installation.controllerDir);
  expect(await trustNumber()).toBeGreaterThan(seen);

  await installation.nats.start();
  await installation.controller.start();
  const log = below("controller.log");
  await until("the revocation to be learnt", async () => (await readFile(log, "utf8")).includes("is learnt again"));
  expect(await refusesAtRepository(thief)).toBe(true);
  expect(await codeAtRepository(friend)).toBe("PERMISSION_DENIED");
  await expect(renewAt(installation, thief.identity)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  await until("the rebuilt member list to say so", async () => {
    const list: unknown = JSON.parse(await well("member", "list", "-o", "json"));
    const members = (list as { readonly members: readonly { readonly name: string; readonly revokedMs: string }[] })
      .members;
    return members.find(({ name }) => name === "thief")?.revokedMs !== "0";
  });
  const visit = ({ identity, busKey, membership }: StoredIdentity) => ({ identity, busKey, ownerId: membership.id });
  await until("the bus to let the revoked in no more", () =>
    openBusAs(installation, { ...visit(thief), withinMs: 500 }).then(
      (bus) => bus[Symbol.asyncDispose]().then(() => false),
      () => true,
    ),
  );
  await using bus = await openBusAs(installation, visit(friend));
  expect(bus.state).toBe("connected");
  await renewAt(installation, friend.identity);
});

test("no user's token of before is believed, and the next backup follows the ones that are there", async () => {
  const env = { HOLDFAST_TOKEN_FILE: join(below("lost"), "identity", "admin.token") };
  expect(await holdfast(["job", "list"], env)).toMatchObject({ code: 77 });
  await until("a backup of the rebuilt installation", async () => {
    const shown: unknown = JSON.parse(await well("recovery-kit", "show", "-o", "json"));
    const { repositories } = shown as {
      readonly repositories: readonly { readonly current: boolean; number: number }[];
    };
    return repositories[0]?.current === true && repositories[0].number > 1;
  });
});
