import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { readRecoveryRecord } from "@holdfast/shared/installation/recovery-record";
import { publicHalfOf, readRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { expect, test } from "vitest";
import { openLayout } from "./layout.ts";
import { parseOwnListen } from "./own-addresses.ts";
import { openOwnInstallation } from "./own-installation.ts";
import { isAsWanted } from "./own-inviter.ts";

test("the first start makes an installation, and every later one finds it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hf-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
  const layout = await openLayout(dir, { natsPort: 0, listen: parseOwnListen(undefined) });
  await openOwnInstallation({ clock: systemClock }, layout);
  const made = await openInstallation(layout.controllerDir);
  expect(made.membership).toMatchObject({ controllers: [layout.apiAddress], busServers: [layout.busUrl] });
  expect(await readFile(layout.natsConfiguration, "utf8")).toContain(String(layout.natsPort));

  await openOwnInstallation({ clock: systemClock }, layout);
  expect((await openInstallation(layout.controllerDir)).installationId).toBe(made.installationId);
});

test("the recovery kit lies in the data folder for its owner alone, and keeps a lost installation from being made anew", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hf-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
  const layout = await openLayout(dir, { natsPort: 0, listen: parseOwnListen(undefined) });
  await openOwnInstallation({ clock: systemClock }, layout);
  const kit = await readFile(layout.recoveryKit, "utf8");
  expect((await stat(layout.recoveryKit)).mode & 0o777).toBe(0o600);
  const record = await readRecoveryRecord(installationFiles(identityFolderOf(layout.controllerDir)).recovery);
  expect(publicHalfOf(readRecoveryKey(kit))).toEqual(record?.publicKey);

  await rm(layout.controllerDir, { recursive: true });
  await expect(openOwnInstallation({ clock: systemClock }, layout)).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
  });
  expect(await readFile(layout.recoveryKit, "utf8")).toBe(kit);
});

test("an agent that is to be called otherwise, or to be elsewhere, joins anew", () => {
  const membership = {
    v: 1,
    installationId: "i",
    role: "agent",
    id: "a",
    name: "one",
    controllers: [],
    busServers: [],
    managerName: "prod",
    clusterName: "east",
    workerId: "",
  } as const;
  const wanted = { name: "one", manager: "prod", cluster: "east" };
  expect(isAsWanted({ ...membership, controllers: [], busServers: [] }, wanted)).toBe(true);
  for (const other of [{ name: "two" }, { manager: "lab" }, { cluster: "west" }])
    expect(isAsWanted({ ...membership, controllers: [], busServers: [] }, { ...wanted, ...other })).toBe(false);
});
