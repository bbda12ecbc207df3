import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { fingerprintOf, makeAuthority } from "@holdfast/shared/identity/certificates";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { readRecoveryRecord } from "@holdfast/shared/installation/recovery-record";
import { publicHalfOf, readRecoveryKey, writeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { createProgram } from "../program.ts";
import { scriptedContext } from "../testing/scripted-context.ts";
import { dialledAt } from "./whereabouts.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-init-"));
});
afterEach(() => rm(dir, { recursive: true }));

const init = async (...args: readonly string[]): Promise<string> => {
  const context = scriptedContext();
  await createProgram(context).parseAsync(["node", "holdfast", "init", "--data", join(dir, "data"), ...args]);
  return context.printed.join("\n");
};

test("init says what it made, what to start next, and how others join", async () => {
  const text = await init();
  const { files, installationId } = await openInstallation(join(dir, "data"));
  for (const said of [
    `installation ${installationId}`,
    `nats-server -c ${files.nats.configuration}`,
    `holdfast-controller --config ${join(dir, "data", "controller.yaml")}`,
    `HOLDFAST_TOKEN_FILE=${files.adminToken}`,
    "holdfast agent invite",
  ])
    expect(text).toContain(said);
  expect(text).not.toContain((await readFile(files.adminToken, "utf8")).trim());
});

test("init shows the recovery kit once, in a file for its owner too, and never writes over a kit", async () => {
  const file = join(dir, "kit.txt");
  const text = await init("--recovery-kit", file);
  const key = readRecoveryKey(text);
  expect(readRecoveryKey(await readFile(file, "utf8"))).toEqual(key);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { files } = await openInstallation(join(dir, "data"));
  const record = await readRecoveryRecord(files.recovery);
  expect(record).toMatchObject({ kit: 1, publicKey: publicHalfOf(key) });
  for (const name of await readdir(join(dir, "data"), { recursive: true, withFileTypes: true }))
    if (name.isFile())
      expect(await readFile(join(name.parentPath, name.name), "utf8")).not.toContain(writeRecoveryKey(key));

  await rm(join(dir, "data"), { recursive: true });
  await expect(init("--recovery-kit", file)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  await expect(stat(join(dir, "data"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("addresses, zone and an authority of one's own go where they are read", async () => {
  const authority = await makeAuthority("Ours", { nowMs: systemClock.nowMs(), lifeMs: 86_400_000 });
  await writeFile(join(dir, "ca.pem"), authority.certificatePem);
  await writeFile(join(dir, "ca.key"), authority.keyPem);
  const printed = await init(
    "--controller",
    "one:7400,two:7400",
    "--listen",
    "0.0.0.0:7400",
    "--bus-listen",
    "0.0.0.0:4222",
    "--bus",
    "tls://one:4222",
    "--bus",
    "tls://two:4222",
    "--time-zone",
    "Europe/Berlin",
    "-o",
    "json",
    "--ca-certificate",
    join(dir, "ca.pem"),
    "--ca-key",
    join(dir, "ca.key"),
  );
  const said: unknown = JSON.parse(printed);
  expect(said).toMatchObject({
    caFingerprint: fingerprintOf(authority.certificatePem),
    controllers: ["one:7400", "two:7400"],
  });
  const { membership } = await openInstallation(join(dir, "data"));
  expect(membership).toMatchObject({
    controllers: ["one:7400", "two:7400"],
    busServers: ["tls://one:4222", "tls://two:4222"],
  });
  const config: unknown = parse(await readFile(join(dir, "data", "controller.yaml"), "utf8"));
  expect(config).toEqual({
    dataDir: join(dir, "data"),
    rpc: { listen: ["0.0.0.0:7400"] },
    timeZone: "Europe/Berlin",
  });
});

test("a second init is refused, and half an authority too", async () => {
  await expect(init("--ca-key", join(dir, "ca.key"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(stat(join(dir, "data"))).rejects.toMatchObject({ code: "ENOENT" });
  await init();
  await expect(init()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
});

test("what listens everywhere is dialled by the machine's name", () => {
  expect(dialledAt("0.0.0.0:7400", "backup")).toBe("backup:7400");
  expect(dialledAt("[::]:7400", "backup")).toBe("backup:7400");
  expect(dialledAt("10.1.2.3:7400", "backup")).toBe("10.1.2.3:7400");
});
