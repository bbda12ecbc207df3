import { cp, readFile } from "node:fs/promises";
import { systemClock } from "@holdfast/shared/clock/clock";
import { makeAuthority } from "@holdfast/shared/identity/certificates";
import { openTrustBundle, signTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../database/database.ts";
import { listMembers, saveMember } from "../database/members-table.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { openAuthority } from "./authority.ts";
import { createLearnRevocations } from "./learn-revocations.ts";
import { openLedger } from "./ledger.ts";
import type { Member } from "./member.ts";
import { openMemberRegistry } from "./member-registry.ts";

let home: TestInstallationFolder;
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(() => home[Symbol.asyncDispose]());

const member = (id: string, facts: Partial<Member> = {}): Member => ({
  role: "agent",
  id,
  name: `agent ${id}`,
  keyId: `key-${id}`,
  busPublicKey: `U${id}`,
  managerName: "prod",
  clusterName: "east",
  workerId: "",
  joinedMs: 1,
  issuedMs: 1,
  expiresMs: 2,
  revokedMs: null,
  ...facts,
});

describe("trust bundles", () => {
  it("only grow: each revocation makes the next number, a repeated one none, and all of it outlives the process", async () => {
    const { installation } = home;
    const ledger = await openLedger(installation.files.members);
    const authority = await openAuthority(installation, ledger, systemClock);
    const first = authority.trust.current.number;
    const numbers = await Promise.all([
      authority.revoke(member("a")),
      authority.revoke(member("b")),
      authority.revoke(member("a")),
    ]);
    expect(numbers).toEqual([first + 1, first + 2, first + 2]);

    const kept = openTrustBundle(
      (await readFile(installation.files.trust, "utf8")).trim(),
      installation.identity.caPem,
    );
    expect(kept.number).toBe(first + 2);
    expect(kept.revoked.map(({ keyId }) => keyId)).toEqual(["key-a", "key-b"]);
    expect(Object.keys((await openLedger(installation.files.members)).busRevoked)).toEqual(["Ua", "Ub"]);
    const again = await openAuthority(installation, ledger, systemClock);
    expect(again.trust.isRevoked("key-a")).toBe(true);
  });
});

describe("members", () => {
  it("are known again by a database that was lost, and stay revoked in one that was put back", async () => {
    const ledger = await openLedger(`${home.dataDir}/members-1.json`);
    await using before = await openDatabase(":memory:", systemClock);
    const registry = await openMemberRegistry(before, ledger);
    await registry.keep(member("one"));
    await registry.keep(member("two"));
    await registry.keep(member("two", { revokedMs: 9 }));

    await using lost = await openDatabase(":memory:", systemClock);
    const reopened = await openMemberRegistry(lost, await openLedger(`${home.dataDir}/members-1.json`));
    expect(reopened.list()).toEqual([member("one"), member("two", { revokedMs: 9 })]);
    expect(await listMembers(lost.queries)).toHaveLength(2);

    await using putBack = await openDatabase(":memory:", systemClock);
    await saveMember(putBack.queries, member("two"));
    const older = await openMemberRegistry(putBack, await openLedger(`${home.dataDir}/members-1.json`));
    expect(older.find("agent", "two")?.revokedMs).toBe(9);
  });

  it("that only the database knows, after a crash, are kept beside it too", async () => {
    const path = `${home.dataDir}/members-2.json`;
    await using database = await openDatabase(":memory:", systemClock);
    await saveMember(database.queries, member("one", { issuedMs: 5 }));
    await openMemberRegistry(database, await openLedger(path));
    expect((await openLedger(path)).members).toEqual([member("one", { issuedMs: 5 })]);
  });

  it("are found by id or name; of one name those that are revoked do not count", async () => {
    await using database = await openDatabase(":memory:", systemClock);
    const registry = await openMemberRegistry(database, await openLedger(`${home.dataDir}/members-3.json`));
    await registry.keep(member("old", { name: "same", revokedMs: 1 }));
    await registry.keep(member("new", { name: "same" }));
    expect(registry.get("agent", "same").id).toBe("new");
    expect(registry.get("agent", "old").id).toBe("old");
    await registry.keep(member("third", { name: "same" }));
    expect(() => registry.get("agent", "same")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => registry.get("repository", "same")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});

it("a controller that was rebuilt learns what earlier bundles took back, for itself, the bus and the list of members", async () => {
  const folder = `${home.dataDir}/learn`;
  await cp(`${home.dataDir}/identity`, `${folder}/identity`, { recursive: true });
  const log = memoryLogger();
  await using database = await openDatabase(":memory:", systemClock);
  const before = await openInstallation(folder);
  const ledger = await openLedger(`${folder}/members.json`);
  const members = await openMemberRegistry(database, ledger);
  const gone = member("gone", { keyId: "k-gone", busPublicKey: "UGONE" });
  await members.keep(gone);
  const authority = await openAuthority(before, ledger, systemClock);
  const current = authority.trust.current;
  const revoked = [
    { keyId: "k-gone", name: "agent gone", revokedMs: 7 },
    { keyId: "k-never-seen", name: "agent later", revokedMs: 8 },
  ];
  const later = signTrustBundle(before.authority, { ...current, number: current.number + 40, revoked });

  await createLearnRevocations({ authority, members, log })("main", [authority.trust.signed, later]);
  expect(authority.trust.current).toMatchObject({
    number: current.number + 1,
    revoked: [...current.revoked, ...revoked],
  });
  expect(ledger.busRevoked).toHaveProperty("UGONE");
  expect(members.find("agent", "gone")?.revokedMs).toBe(7);
  expect(log.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["name"])).toEqual([
    "agent gone",
    "agent later",
  ]);
  await createLearnRevocations({ authority, members, log })("main", [later]);
  expect(authority.trust.current.number).toBe(current.number + 1);
  const forged = signTrustBundle(await makeAuthority("x", { nowMs: 0, lifeMs: 1e12 }), {
    ...current,
    number: 99,
    revoked,
  });
  await expect(authority.learn(forged)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
});
