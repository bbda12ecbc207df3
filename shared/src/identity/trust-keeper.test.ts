import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTestInstallation } from "./testing/test-installation.ts";
import { openTrustKeeper } from "./trust-keeper.ts";

const installation = await makeTestInstallation();
const ca = installation.authority.certificatePem;
const revoked = (keyId: string) => [{ keyId, name: "agent east-1", revokedMs: 1 }];

describe("the trust bundle that a process keeps", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hf-trust-"));
    path = join(folder, "identity", "trust.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is replaced by a newer one, which whoever listens is told of", async () => {
    const keeper = await openTrustKeeper(path, ca, installation.trust(1));
    const told: number[] = [];
    keeper.onChanged(({ number }) => told.push(number));

    await keeper.accept(installation.trust(1));
    await keeper.accept(installation.trust(3, revoked("k1")));

    expect(told).toEqual([3]);
    expect(keeper.isRevoked("k1")).toBe(true);
    expect(keeper.isRevoked("k2")).toBe(false);
  });

  it("never gives way to a lower one, also after a restart: what was revoked stays revoked", async () => {
    const first = await openTrustKeeper(path, ca, installation.trust(1));
    await first.accept(installation.trust(5, revoked("k1")));

    const again = await openTrustKeeper(path, ca, installation.trust(1));

    expect(again.isRevoked("k1")).toBe(true);
    await expect(again.accept(installation.trust(4))).rejects.toMatchObject({ code: "CONTROLLER_OUTDATED" });
    expect(() => again.assertNotOutdated(4)).toThrow(expect.objectContaining({ code: "CONTROLLER_OUTDATED" }));
    again.assertNotOutdated(5);
    expect(again.current.number).toBe(5);
  });

  it("is believed only when the installation's authority signed it as it is", async () => {
    const keeper = await openTrustKeeper(path, ca, installation.trust(1));
    const stranger = (await makeTestInstallation()).trust(9);
    const changed = installation.trust(9, revoked("k1")).replace("k1", "k2");

    for (const text of [stranger, changed, "{}", "no json"]) {
      await expect(keeper.accept(text)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    }
    expect(keeper.current.number).toBe(1);
    await expect(openTrustKeeper(join(folder, "other"), ca)).rejects.toMatchObject({ code: "IDENTITY_MISSING" });
    expect(await readFile(path, "utf8")).toContain('"signature"');
  });
});
