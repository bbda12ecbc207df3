import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, type FakeClock } from "@holdfast/shared/clock/fake-clock";
import { hashSecret, writeUserToken } from "@holdfast/shared/identity/user-token";
import { systemRandom } from "@holdfast/shared/ids/ids";
import type { FirstAdmin } from "@holdfast/shared/installation/first-admin";
import { installationFiles } from "@holdfast/shared/installation/installation-files";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFile } from "node:fs/promises";
import { firstAdminSchema } from "@holdfast/shared/installation/first-admin";
import { type Database, openDatabase } from "../database/database.ts";
import { openUsers, type Users } from "./users.ts";

const secret = "s".repeat(43);
const bearer = (tokenId: string, shown = secret, installationId = "inst"): string =>
  `Bearer ${writeUserToken({ installationId, tokenId, secret: shown })}`;
const firstAdmin: FirstAdmin = {
  v: 1,
  tokenId: "first",
  name: "first admin",
  role: "admin",
  hash: hashSecret(secret),
  createdMs: 0,
  revokedMs: 0,
};

let folder: string;
let clock: FakeClock;
let database: Database;
const open = (admin = firstAdmin, on = database): Promise<Users> =>
  openUsers({
    database: on,
    clock,
    random: systemRandom,
    installation: { installationId: "inst", firstAdmin: admin, files: installationFiles(folder) },
  });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-users-"));
  clock = createFakeClock(1_000_000);
  database = await openDatabase(":memory:", clock);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("a user", () => {
  it("is who shows the secret of a token, and nobody else", async () => {
    const users = await open();
    expect(await users.check(bearer("first"))).toMatchObject({ name: "first admin", role: "admin" });
    const wrong = [
      undefined,
      "",
      "Basic abc",
      "Bearer abc",
      bearer("other"),
      bearer("first", "t".repeat(43)),
      bearer("first", secret, "elsewhere"),
    ];
    for (const header of wrong) await expect(users.check(header)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("is made with a role and a life, and shown once", async () => {
    const users = await open();
    const { user, token } = await users.create({ name: "anna", role: "operator", lifeMs: 1_000 });
    expect(await users.check(`Bearer ${token}`)).toMatchObject({ name: "anna", role: "operator" });
    expect(JSON.stringify(await users.list())).not.toContain(token.split(".").at(-1));
    expect(user.expiresMs).toBe(clock.nowMs() + 1_000);
    await clock.advance(1_000);
    await expect(users.check(`Bearer ${token}`)).rejects.toThrow("expired");
    await expect(users.create({ name: "", role: "viewer", lifeMs: 0 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("is believed no more once the token is revoked, for ever", async () => {
    const users = await open();
    const { user, token } = await users.create({ name: "anna", role: "viewer", lifeMs: 0 });
    const first = await users.revoke(user.tokenId);
    await clock.advance(5);
    expect((await users.revoke(user.tokenId)).revokedMs).toBe(first.revokedMs);
    await expect(users.check(`Bearer ${token}`)).rejects.toThrow("revoked");
    await expect(users.revoke("nobody")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("leaves a note of the last use at most once a minute", async () => {
    const users = await open();
    const lastUse = async (): Promise<number | null | undefined> => (await users.list())[0]?.lastUsedMs;
    await users.check(bearer("first"));
    const noted = await lastUse();
    await clock.advance(59_999);
    await users.check(bearer("first"));
    expect(await lastUse()).toBe(noted);
    await clock.advance(1);
    await users.check(bearer("first"));
    expect(await lastUse()).toBe(clock.nowMs());
  });
});

describe("the first administrator", () => {
  it("stays revoked over a restart, and when the database was lost", async () => {
    await (await open()).revoke("first");
    await expect((await open()).check(bearer("first"))).rejects.toThrow("revoked");
    const kept = firstAdminSchema.parse(JSON.parse(await readFile(installationFiles(folder).firstAdmin, "utf8")));
    await using lost = await openDatabase(":memory:", clock);
    await expect((await open(kept, lost)).check(bearer("first"))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
