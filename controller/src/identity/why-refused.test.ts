import { hashSecret } from "@holdfast/shared/identity/user-token";
import { describe, expect, it } from "vitest";
import type { Invitation } from "./invitation.ts";
import type { Member } from "./member.ts";
import { whyInvitationRefused, whyRepositoryRefused } from "./why-refused.ts";

const invitation: Invitation = {
  inviteId: "i",
  secretHash: hashSecret("secret"),
  role: "agent",
  memberId: "",
  name: "",
  managerName: "",
  clusterName: "",
  workerId: "",
  replacesId: "",
  createdMs: 0,
  expiresMs: 1_000,
  usedMs: null,
  usedKeyId: "",
};
const shown = { secret: "secret", keyId: "k1", nowMs: 999 };

describe("an invitation", () => {
  it("lets in who knows its secret, until it expires", () => {
    expect(whyInvitationRefused(invitation, shown)).toBeUndefined();
    expect(whyInvitationRefused(invitation, { ...shown, nowMs: 1_000 })).toBe("it has expired");
  });

  it("says the same of a wrong secret as of one that is not there", () => {
    const wrong = whyInvitationRefused(invitation, { ...shown, secret: "guess" });
    expect(wrong).toBe(whyInvitationRefused(undefined, shown));
    expect(wrong).toBeDefined();
  });

  it("is good once: again only for the key that it was used for, whose answer was lost", () => {
    const used = { ...invitation, usedMs: 5, usedKeyId: "k1" };
    expect(whyInvitationRefused(used, shown)).toBeUndefined();
    expect(whyInvitationRefused(used, { ...shown, keyId: "k2" })).toBe("it was used");
  });
});

describe("a repository", () => {
  const former: Member = {
    role: "repository",
    id: "r-1",
    name: "main",
    keyId: "k0",
    busPublicKey: "",
    managerName: "",
    clusterName: "",
    workerId: "",
    joinedMs: 0,
    issuedMs: 0,
    expiresMs: 0,
    revokedMs: null,
  };
  const asked = { repositoryId: "r-1", keyId: "k1" };

  it.each([
    ["whose id is free", undefined, "", true],
    ["whose former server was revoked", { ...former, revokedMs: 9 }, "", true],
    ["that asks again with its key", { ...former, keyId: "k1" }, "", true],
    ["that is named to be replaced", former, "r-1", true],
    ["that has joined, by an invitation that does not say so", former, "", false],
    ["other than the one that is named", undefined, "r-2", false],
  ])("%s: %j, replaced %j, may join: %s", (_name, one, replacesId, mayJoin) => {
    expect(whyRepositoryRefused(one, { replacesId }, asked) === undefined).toBe(mayJoin);
  });

  it("with an id that no certificate can carry may not join", () => {
    for (const repositoryId of ["", "../x", "A"])
      expect(whyRepositoryRefused(undefined, { replacesId: "" }, { ...asked, repositoryId })).toBeDefined();
  });
});
