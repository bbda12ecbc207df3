import { describe, expect, it } from "vitest";
import { readCertificate } from "./certificates.ts";
import { parseJoinToken, writeJoinToken } from "./join-token.ts";
import { openTaskToken } from "./task-token.ts";
import { makeTestInstallation } from "./testing/test-installation.ts";
import { openTrustBundle } from "./trust-bundle.ts";

const installation = await makeTestInstallation();
const trust = openTrustBundle(installation.trust(), installation.authority.certificatePem);
const agent = await installation.identity("agent", "a1");
const { keyId } = readCertificate(agent.certificatePem);
const dayMs = 86_400_000;

describe("a task token", () => {
  const token = installation.token(agent, { taskId: "task1", vmId: "vm1", repositoryId: "r1" });

  it("tells what its holder may do", () => {
    expect(openTaskToken(token, { trust, keyId, nowMs: Date.now() })).toMatchObject({
      operation: "backup",
      taskId: "task1",
      vmId: "vm1",
      repositoryId: "r1",
    });
  });

  const refused = (text: string, check: Partial<Parameters<typeof openTaskToken>[1]> = {}) =>
    expect(() => openTaskToken(text, { trust, keyId, nowMs: Date.now(), ...check })).toThrow(
      expect.objectContaining({ code: "TOKEN_REFUSED" }),
    );

  it("is refused when another shows it", async () => {
    const other = readCertificate((await installation.identity("agent", "a2")).certificatePem);
    refused(token, { keyId: other.keyId });
  });

  it("is refused when anything of it was changed, or another signed it", async () => {
    const [form, signer, payload = "", signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, vmId: "vm2" })).toString("base64url");
    refused([form, signer, forged, signature].join("."));
    refused([form, "t2", payload, signature].join("."));
    refused((await makeTestInstallation()).token(agent, {}));
    for (const text of ["", "hft1", "hft2.a.b.c", `${token}.more`, "hft1.t1..", token.slice(0, -4)]) refused(text);
  });

  it("is refused when it is of another installation, though the same key signed it", () => {
    refused(installation.token(agent, { installationId: "another" }));
  });

  it("expires late: a clock that is a day off does not end it", () => {
    const short = installation.token(agent, { expiresMs: Date.now() });

    expect(openTaskToken(short, { trust, keyId, nowMs: Date.now() + dayMs - 60_000 }).operation).toBe("backup");
    refused(short, { nowMs: Date.now() + dayMs + 60_000 });
  });

  it("stands in no error", () => {
    const other = `${token.slice(0, -6)}AAAAAA`;
    try {
      openTaskToken(other, { trust, keyId, nowMs: Date.now() });
      expect.unreachable();
    } catch (caught) {
      expect(String(caught)).not.toContain(other.split(".")[2]);
    }
  });
});

describe("a join token", () => {
  const content = {
    v: 1,
    controllers: ["127.0.0.1:7400"],
    caFingerprint: "ab".repeat(32),
    inviteId: "i1",
    secret: "s3cret",
    role: "agent",
  } as const;

  it("is read as it was written, also with the line end that a file adds", () => {
    expect(parseJoinToken(`${writeJoinToken(content)}\n`)).toEqual(content);
  });

  it("is refused when it is none, and stands in no error", () => {
    const bad = `hfj1.${Buffer.from(JSON.stringify({ ...content, v: 7 })).toString("base64url")}`;
    for (const text of ["", "hfj1.", "hfj1.!!!", "hfu1.a.b.c", bad]) {
      expect(() => parseJoinToken(text)).toThrow(expect.objectContaining({ code: "JOIN_REFUSED" }));
    }
    expect(() => parseJoinToken(bad)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(bad) }));
  });
});
