import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { parseJoinToken, writeJoinToken } from "@holdfast/shared/identity/join-token";
import { startProcess } from "@holdfast/shared/process/child-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programArguments } from "../harness/programs.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { joinAs, joinTokenFor } from "../harness/story-member.ts";
import { until } from "../harness/until.ts";

const call = { timeoutMs: 30_000 };

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ agents: [] });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

describe("a join token", () => {
  const refused = (words: RegExp) => ({ code: "JOIN_REFUSED", message: expect.stringMatching(words) });
  const place = { managerName: "ovirt", clusterName: "east" };

  test("is good once", async () => {
    const token = await joinTokenFor(stage.installation, { role: "agent", name: "once", ...place });
    await joinAs(stage.installation, "agent", token);
    await expect(joinAs(stage.installation, "agent", token)).rejects.toMatchObject(refused(/it was used/));
  });

  test("is good for its time only", async () => {
    const identities = stage.installation.api.service(IdentityService);
    const { joinToken, expiresMs } = await identities.invite({ role: "agent", validSeconds: 1, ...place }, call);
    await until("the invitation to end", () => systemClock.nowMs() > Number(expiresMs));
    await expect(joinAs(stage.installation, "agent", joinToken)).rejects.toMatchObject(refused(/it has expired/));
  });

  test("is good for its role only, also when its words are changed", async () => {
    const token = await joinTokenFor(stage.installation, { role: "agent", name: "role", ...place });
    await expect(joinAs(stage.installation, "repository", token)).rejects.toMatchObject(
      refused(/it? ?is for agent|this is repository/),
    );
    const changed = writeJoinToken({ ...parseJoinToken(token), role: "repository" });
    await expect(joinAs(stage.installation, "repository", changed)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    expect((await joinAs(stage.installation, "agent", token)).membership).toMatchObject({
      role: "agent",
      name: "role",
    });
  });

  test("with another secret is unknown, and says no more than one of another id", async () => {
    const token = parseJoinToken(await joinTokenFor(stage.installation, { role: "agent", name: "secret", ...place }));
    for (const change of [{ secret: "A".repeat(43) }, { inviteId: "nobody" }])
      await expect(joinAs(stage.installation, "agent", writeJoinToken({ ...token, ...change }))).rejects.toMatchObject(
        refused(/it is unknown/),
      );
  });

  test("that pins another authority sends nothing to this controller", async () => {
    const token = parseJoinToken(await joinTokenFor(stage.installation, { role: "agent", name: "pinned", ...place }));
    const pinned = writeJoinToken({ ...token, caFingerprint: "0".repeat(64) });
    await expect(joinAs(stage.installation, "agent", pinned)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    expect((await joinAs(stage.installation, "agent", writeJoinToken(token))).membership.name).toBe("pinned");
  });

  test("that was used ends an agent's process with the code for it", async () => {
    const { installation, run } = stage;
    const token = await joinTokenFor(installation, { role: "agent", name: "late", ...place });
    await joinAs(installation, "agent", token);
    const dataDir = join(run.dir, "agent-late");
    await mkdir(dataDir);
    await writeFile(join(run.dir, "late.join"), token, { mode: 0o600 });
    const said: string[] = [];
    await using late = await startProcess({
      name: "agent late",
      command: process.execPath,
      args: programArguments("agent/main"),
      env: {
        ...run.env,
        HOLDFAST_AGENT_NAME: "late",
        HOLDFAST_AGENT_DATA_DIR: dataDir,
        HOLDFAST_AGENT_JOIN_TOKEN_FILE: join(run.dir, "late.join"),
      },
      onLine: (line) => said.push(line),
    });
    expect((await late.exited).code, said.join("\n")).toBe(77);
    expect(said.join("\n")).toContain("JOIN_REFUSED");
  });
});
