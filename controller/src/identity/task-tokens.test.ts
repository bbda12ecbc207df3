import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { openTaskToken } from "@holdfast/shared/identity/task-token";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { describe, expect, it } from "vitest";
import type { Try } from "../sessions/task-work.ts";
import { testAttempt, testSession, testTask } from "../testing/test-rows.ts";
import type { Member } from "./member.ts";
import { createTaskTokens } from "./task-tokens.ts";

const installation = await testInstallation();
const trust = openTrustBundle(installation.trust(), installation.authority.certificatePem);
const clock = createFakeClock(1_000_000);
const member: Member = {
  role: "agent",
  id: "ag1",
  name: "agent",
  keyId: "key-1",
  busPublicKey: "",
  managerName: "",
  clusterName: "",
  workerId: "",
  joinedMs: 0,
  issuedMs: 0,
  expiresMs: 0,
  revokedMs: null,
};
const tokensFor = (known: Member | undefined) =>
  createTaskTokens({
    installationId: installation.installationId,
    signer: installation.signer,
    members: { find: (role, id) => (role === known?.role && id === known.id ? known : undefined) },
    clock,
  });
const what: Try = { task: testTask(), session: testSession(), attempt: testAttempt({ agentId: "ag1" as never }) };
const opened = (token: string, keyId = "key-1", nowMs = clock.nowMs()) => openTaskToken(token, { trust, keyId, nowMs });

describe("a task token", () => {
  it("names the attempt, its VM and its repository, and is bound to the key of the agent that holds it", () => {
    const { task, attempt } = what;
    const claims = opened(tokensFor(member).forBackup(what));
    expect(claims).toMatchObject({
      operation: "backup",
      taskId: task.taskId,
      attemptId: attempt.attemptId,
      attemptNumber: attempt.number,
      vmId: task.vmId,
      repositoryId: task.repositoryId,
      pointId: "",
    });
    expect(() => opened(tokensFor(member).forBackup(what), "key-2")).toThrow("given to another");
  });

  it("of a copy names the origin and the point's VM, and its source lets its one point be read there alone", () => {
    const tokens = tokensFor(member);
    const { task, attempt } = what;
    const origin = { repositoryId: "r0", pointId: "p0" };
    expect(opened(tokens.forCopy(what, { vmId: "v7", origin }))).toMatchObject({
      operation: "copy",
      taskId: task.taskId,
      attemptId: attempt.attemptId,
      vmId: "v7",
      repositoryId: task.repositoryId,
      originRepositoryId: "r0",
      pointId: "p0",
    });
    const source = { repositoryId: "r1", pointId: "p1" };
    expect(opened(tokens.forCopySource(what, source))).toMatchObject({ operation: "restore", ...source });
  });

  it("of a restore names its one point, of a loan the lender and the disk, of an export the key that was shown", () => {
    const tokens = tokensFor(member);
    expect(opened(tokens.forRestore(what, "p1"))).toMatchObject({ operation: "restore", pointId: "p1" });
    expect(opened(tokens.forLoan(what, { lenderId: "ag2", diskId: "d1" }))).toMatchObject({
      operation: "lend",
      lenderId: "ag2",
      diskId: "d1",
    });
    const point = { pointId: "p1", repositoryId: "r1", engineInstanceId: "e", vmId: "v" };
    const exported = opened(tokens.forExport(point, "key-9", 1_000), "key-9");
    expect(exported).toMatchObject({ operation: "export", pointId: "p1", expiresMs: clock.nowMs() + 1_000 });
  });

  it("is not given to a stranger, nor to who was revoked", () => {
    expect(() => tokensFor(undefined).forBackup(what)).toThrow(expect.objectContaining({ code: "IDENTITY_MISSING" }));
    expect(() => tokensFor({ ...member, revokedMs: 1 }).forBackup(what)).toThrow(
      expect.objectContaining({ code: "IDENTITY_REVOKED" }),
    );
  });
});
