import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
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
