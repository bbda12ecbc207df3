import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runOnTerminal as run } from "../testing/run-on-terminal.ts";
import { makeFolder, removeFolder } from "../testing/test-server.ts";

const golden = (name: string): string => join(import.meta.dirname, "..", "..", "golden", name);

const soundSchema = z.object({
  password: z.string().default(""),
  recoveryKey: z.string().default(""),
  points: z.array(
    z.object({ pointId: z.string(), disks: z.array(z.object({ diskId: z.string(), sha256: z.string() })) }),
  ),
});

const readSound = async (name: string) => soundSchema.parse(JSON.parse(await readFile(`${golden(name)}.json`, "utf8")));

const digestOf = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

let folder = "";
let sound: z.output<typeof soundSchema>;

beforeAll(async () => {
  folder = await makeFolder();
  sound = await readSound("good");
});
afterAll(() => removeFolder(folder));

const digest = (pointId: string, diskId: string): string | undefined =>
  sound.points.find((one) => one.pointId === pointId)?.disks.find((one) => one.diskId === diskId)?.sha256;

const exportTo = (name: string, repository: string, ...args: readonly string[]) =>
  run("export", golden(repository), "--to", join(folder, name), ...args);

describe("holdfast-repository on a damaged repository", () => {
  it.each([
    ["point-flipped", "a2", ["a1", "b1"]],
    ["committed-torn", "b1", ["a1", "a2"]],
  ])(
    "%s: names the point that cannot be read, and lists, verifies and exports the others",
    async (name, lost, left) => {
      const table = await run("list", golden(name));
      expect(table.stderr).toContain(`warning: point ${lost} cannot be read`);
      const listed: unknown = JSON.parse((await run("list", golden(name), "-o", "json")).stdout);
      expect(listed).toMatchObject({
        points: left.map((pointId) => ({ pointId })),
        unreadable: [{ pointId: lost, code: "REPOSITORY_DAMAGED" }],
      });
      const verified = await run("verify", golden(name), "-o", "json");
      expect(verified.code).toBe(65);
      expect(JSON.parse(verified.stdout)).toMatchObject({
        points: left.map((pointId) => ({ pointId, state: "good" })),
        unreadable: [{ pointId: lost }],
      });
      expect(await run("verify", golden(name), ...left)).toMatchObject({ code: 0 });
      expect(await exportTo(`${name}.raw`, name, "a1", "--disk", "system")).toMatchObject({ code: 0 });
      expect(await digestOf(join(folder, `${name}.raw`))).toBe(digest("a1", "system"));
    },
  );

  it("a missing pack: names the ranges of the points that need it, and the rest is whole", async () => {
    const verified = await run("verify", golden("pack-missing"), "-o", "json");
    expect(verified.code).toBe(65);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      points: [
        { pointId: "a1", state: "good" },
        { pointId: "a2", state: "hurt", damaged: [{ diskId: "system", firstPosition: 3 }, { diskId: "scratch" }] },
        { pointId: "b1", state: "good" },
      ],
    });
    expect(await exportTo("b1.raw", "pack-missing", "b1", "--disk", "root")).toMatchObject({ code: 0 });
    expect(await digestOf(join(folder, "b1.raw"))).toBe(digest("b1", "root"));
  });

  it("a damaged table of contents: names the pack, and reads it by its records", async () => {
    const verified = await run("verify", golden("table-flipped"), "-o", "json");
    expect(verified).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning: packs\/\S+ is damaged/) });
    expect(JSON.parse(verified.stdout)).toMatchObject({ damagedPacks: [expect.stringMatching(/^packs\//)] });
    const index = join(folder, "index");
    const rebuilt = await run("rebuild-index", golden("table-flipped"), "--index", index, "-o", "json");
    expect(JSON.parse(rebuilt.stdout)).toMatchObject({ damagedPacks: [expect.stringMatching(/^packs\//)] });
  });

  it("a flipped bit: is left out as zeros when that is asked for, told by range, with an exit code of its own", async () => {
    const args = ["a1", "--disk", "system"] as const;
    expect(await exportTo("refused.raw", "chunk-flipped", ...args)).toMatchObject({ code: 65 });
    const told = await exportTo("zeroed.raw", "chunk-flipped", ...args, "--skip-damaged", "-o", "json");
    expect(told).toMatchObject({ code: 3, stderr: expect.stringContaining("EXPORT_INCOMPLETE") });
    const range = { firstPosition: 2, count: 1, code: "CHUNK_DAMAGED", offsetBytes: 524_288, lengthBytes: 262_144 };
    expect(JSON.parse(told.stdout)).toMatchObject({
      pointId: "a1",
      disks: [{ diskId: "system", path: join(folder, "zeroed.raw"), sizeBytes: 1_048_576, zeroed: [range] }],
    });
    const bytes = await readFile(join(folder, "zeroed.raw"));
    expect(bytes.subarray(524_288, 786_432).every((byte) => byte === 0)).toBe(true);
    const whole = await exportTo("whole.raw", "chunk-flipped", "a1", "--disk", "scratch", "--skip-damaged");
    expect(whole).toMatchObject({ code: 0 });
  });

  it("ends as a program with that exit code, too", async () => {
    const cli = join(import.meta.dirname, "..", "cli.ts");
    const to = join(folder, "program.raw");
    const words = ["export", golden("chunk-flipped"), "b1", "--disk", "root", "--to", to, "--skip-damaged"];
    const args = ["--conditions=source", cli, ...words];
    await using program = await startProcess({ name: "repository", command: process.execPath, args });
    expect(await program.exited).toMatchObject({ code: 3 });
  });
});

describe("holdfast-repository on an encrypted repository of before", () => {
  it.each(["password", "recoveryKey"] as const)("exports bit for bit with its %s", async (kind) => {
    const sealed = await readSound("sealed");
    const secret = join(folder, kind);
    await writeFile(secret, `${sealed[kind]}\n`);
    const option = kind === "password" ? "--password-file" : "--recovery-key-file";
    const to = join(folder, `sealed-${kind}`);
    const args = ["export", golden("sealed"), "b1", "--all", "--to", to, option, secret, "-o", "json"];
    const told = await run(...args);
    expect(told.stderr).not.toContain("error");
    expect(told).toMatchObject({ code: 0 });
    for (const diskId of ["root", "empty", "none"])
      expect(await digestOf(join(to, `${diskId}.raw`))).toBe(digest("b1", diskId));
    const hurt = join(folder, `hurt-${kind}.raw`);
    const damaged = ["export", golden("sealed-chunk-flipped"), "b1", "--disk", "root", "--to", hurt, option, secret];
    expect(await run(...damaged)).toMatchObject({ code: 65 });
    expect(await run(...damaged, "--skip-damaged")).toMatchObject({ code: 3 });
  });

  it("finds points by names only with a key, and says so", async () => {
    const sealed = await readSound("sealed");
    const secret = join(folder, "names");
    await writeFile(secret, sealed.password);
    const list = ["list", golden("sealed"), "--vm", "machine a – größer"];
    expect(await run(...list)).toMatchObject({ code: 0, stderr: expect.stringContaining("names are sealed") });
    expect((await run(...list, "--password-file", secret)).stdout).toContain("a2");
  });
});

describe("points that are chosen", () => {
  const listed = async (...options: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await run("list", golden("good"), "-o", "json", ...options);
    const { points } = z.object({ points: z.array(z.object({ pointId: z.string() })) }).parse(JSON.parse(stdout));
    return points.map(({ pointId }) => pointId);
  };

  it("are those of a VM, of a job, and since a time", async () => {
    expect(await listed()).toEqual(["a1", "a2", "b1"]);
    expect(await listed("--vm", "a")).toEqual(["a1", "a2"]);
    expect(await listed("--vm", "machine b – größer")).toEqual(["b1"]);
    expect(await listed("--vm", "b", "--removed")).toEqual(["b1", "removed"]);
    expect(await listed("--job", "nightly")).toEqual(["a1", "a2", "b1"]);
    expect(await listed("--job", "weekly")).toEqual([]);
    expect(await listed("--since", "2026-01-01")).toEqual(["a1", "a2", "b1"]);
    expect(await listed("--since", "2026-01-01T02:00:00Z")).toEqual(["a1", "a2", "b1"]);
    expect(await listed("--since", "2026-01-01T02:01")).toEqual([]);
    expect(await listed("--since", "0h")).toEqual([]);
    for (const nonsense of ["yesterday", "2026-13-01", "7w"])
      expect(await run("list", golden("good"), "--since", nonsense), nonsense).toMatchObject({ code: 64 });
  });

  it("are verified alone, and the newest good one is exported when only its VM is named", async () => {
    const verified = await run("verify", golden("good"), "--vm", "b", "-o", "json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ points: [{ pointId: "b1" }] });
    const told = await exportTo("newest.raw", "good", "--vm", "a", "--disk", "system", "-o", "json");
    expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining("point a2, captured") });
    expect(await digestOf(join(folder, "newest.raw"))).toBe(digest("a2", "system"));
    const none = await exportTo("none.raw", "good", "--vm", "c", "--disk", "system");
    expect(none).toMatchObject({ code: 66 });
  });
});
