import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testInstallation } from "./testing/test-installation.ts";
import { openTrustKeeper } from "./trust-keeper.ts";

it("never goes back to a lower number: not by a restart, nor by two bundles that come at once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hf-trust-"));
  try {
    const installation = await testInstallation();
    const path = join(folder, "trust.json");
    const open = () => openTrustKeeper(path, installation.authority.certificatePem, installation.trust(1));
    const keeper = await open();
    const numbers: number[] = [];
    keeper.onChanged(({ number }) => numbers.push(number));
    const [higher, lower] = await Promise.allSettled([
      keeper.accept(installation.trust(6)),
      keeper.accept(installation.trust(5)),
    ]);
    expect(higher.status).toBe("fulfilled");
    expect(lower).toMatchObject({ status: "rejected", reason: { code: "CONTROLLER_OUTDATED" } });
    expect(numbers).toEqual([6]);
    const again = await open();
    expect(again.current.number).toBe(6);
    await expect(again.accept(installation.trust(2))).rejects.toMatchObject({ code: "CONTROLLER_OUTDATED" });
    await again.accept(installation.trust(6));
    expect(numbers).toEqual([6]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("keeps a key revoked that a later bundle leaves out, also over a restart, until one says it again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hf-trust-"));
  try {
    const installation = await testInstallation();
    const path = join(folder, "trust.json");
    const open = () => openTrustKeeper(path, installation.authority.certificatePem, installation.trust(1));
    const gone = (keyId: string) => ({ keyId, name: `agent ${keyId}`, revokedMs: 1 });
    const keeper = await open();
    const said = installation.trust(3, [gone("k1"), gone("k2")]);
    await keeper.accept(said);
    await keeper.accept(installation.trust(4, [gone("k1")]));
    for (const one of [keeper, await open()]) {
      expect(one.current.number).toBe(4);
      expect(["k1", "k2", "k3"].map(one.isRevoked)).toEqual([true, true, false]);
      expect(one.remembered).toEqual([said]);
    }
    await keeper.accept(installation.trust(5));
    expect(["k1", "k2"].map(keeper.isRevoked)).toEqual([true, true]);
    await keeper.accept(installation.trust(6, [gone("k1"), gone("k2")]));
    expect(keeper.remembered).toEqual([]);
    expect(await readdir(folder)).toEqual(["trust.json"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
