import { mkdtemp, rm } from "node:fs/promises";
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
