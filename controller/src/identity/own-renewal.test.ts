import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { holdIdentity } from "@holdfast/shared/identity/identity";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, it } from "vitest";
import { openAuthority } from "./authority.ts";
import { openLedger } from "./ledger.ts";
import { hostNamesIn, renewOwn } from "./own-renewal.ts";

const dayMs = 86_400_000;

it("the controller's certificate is renewed at two thirds of its life, with its key and its names", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hf-own-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) };
  const clock = createFakeClock();
  const listen = { controllers: [], busListen: "127.0.0.1:-1", busServers: [] };
  const hostNames = ["backup.example.com", "10.1.2.3"];
  await makeInstallation({ dataDir, ...listen, hostNames, clock, random: systemRandom });
  const installation = await openInstallation(dataDir);
  const authority = await openAuthority(installation, await openLedger(installation.files.members), clock);
  const holder = holdIdentity(installation.identity);
  const replaced: string[] = [];
  holder.onReplaced(({ certificatePem }) => replaced.push(certificatePem));
  const deps = { authority, holder, folder: installation.files.folder, clock, log: silentLogger };

  await clock.advance(240 * dayMs);
  await renewOwn(deps);
  expect(replaced).toEqual([]);

  await clock.advance(5 * dayMs);
  await renewOwn(deps);
  const [old, renewed] = [installation.identity.certificatePem, replaced[0] ?? ""].map(readCertificate);
  expect(renewed).toMatchObject({ name: old?.name, keyId: old?.keyId });
  expect(renewed?.serial).not.toBe(old?.serial);
  expect(hostNamesIn(replaced[0] ?? "")).toEqual(hostNames);
  expect(await readFile(join(installation.files.folder, "certificate.pem"), "utf8")).toBe(replaced[0]);

  await renewOwn(deps);
  expect(replaced).toHaveLength(1);
});
