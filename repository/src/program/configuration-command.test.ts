import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { configurationName } from "@holdfast/shared/configuration/configuration-name";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { makeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runOnTerminal } from "../testing/run-on-terminal.ts";
import { makeFolder, removeFolder } from "../testing/test-server.ts";

const { publicKey } = makeRecoveryKey();
const repositoryId = parseRepositoryId("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");

describe("holdfast-repository configuration, on a bare directory without anything else", () => {
  let folder = "";
  const put = async (installationId: string, number: number, change?: (bytes: Uint8Array) => void) => {
    const wish = { repositoryId, number, createdMs: Date.UTC(2026, 0, number), publicKey };
    const bytes = sealConfiguration(Buffer.from(`${installationId} ${number}`), wish);
    const kept = Uint8Array.from(bytes);
    change?.(kept);
    const path = join(folder, configurationName({ installationId, number }));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, kept);
    return bytes;
  };
  const flip = (at: number) => (bytes: Uint8Array) => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  };
  const exported = (...more: readonly string[]) =>
    runOnTerminal("configuration", "export", folder, "--to", join(folder, "out"), ...more);

  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  it("exports the newest, for its owner alone, and overwrites nothing", async () => {
    await put("one", 1);
    const newest = await put("one", 2);
    expect(await exported()).toMatchObject({ code: 0, stderr: expect.stringContaining("configuration 2 of") });
    expect(await readFile(join(folder, "out"))).toEqual(Buffer.from(newest));
    expect((await stat(join(folder, "out"))).mode & 0o777).toBe(0o600);
    expect(await exported()).toMatchObject({ code: 73 });
  });

  it.each([
    ["the header", 0],
    ["the middle", 60],
  ])("passes over a newest whose %s is damaged, and says so", async (_, at) => {
    const older = await put("one", 1);
    await put("one", 2, flip(at));
    const { code, stderr } = await exported();
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("00000002 is passed over") });
    expect(await readFile(join(folder, "out"))).toEqual(Buffer.from(older));
    expect((await runOnTerminal("configuration", "list", folder)).stdout).toContain("one");
  });

  it("passes over an old one that was put under a higher number", async () => {
    const older = await put("one", 1);
    const newest = await put("one", 2);
    await writeFile(join(folder, configurationName({ installationId: "one", number: 3 })), older);
    expect(await exported()).toMatchObject({ code: 0, stderr: expect.stringContaining("00000003 is passed over") });
    expect(await readFile(join(folder, "out"))).toEqual(Buffer.from(newest));
  });

  it("gives the one that is named, and asks whose when there are several", async () => {
    const older = await put("one", 1);
    await put("one", 2);
    await put("two", 1);
    expect(await exported()).toMatchObject({ code: 64, stderr: expect.stringContaining("one, two") });
    expect(await exported("--installation", "one", "--number", "1")).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, "out"))).toEqual(Buffer.from(older));
    const list: unknown = JSON.parse((await runOnTerminal("configuration", "list", folder, "-o", "json")).stdout);
    expect(list).toMatchObject({
      configurations: [{ installationId: "one" }, { number: 2, createdAt: "2026-01-02T00:00:00.000Z" }, {}],
    });
  });

  it("says that there is none, or that all there are are damaged", async () => {
    expect(await exported()).toMatchObject({ code: 66, stderr: expect.stringContaining("NOT_FOUND") });
    await put("one", 1, flip(70));
    expect(await exported()).toMatchObject({ code: 65, stderr: expect.stringContaining("CONFIGURATION_DAMAGED") });
  });
});
