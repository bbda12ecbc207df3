import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { damageChunk } from "../testing/damage.ts";
import { openEncryptedServer, testPassword } from "../testing/encrypted-server.ts";
import { fullDisk, plainAt } from "../testing/synthetic-disk.ts";
import { makeFolder, removeFolder, testChunkSize } from "../testing/test-server.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { runProgram } from "./program.ts";

const disk = fullDisk("root", 4, 1, testChunkSize);
const content = Buffer.concat(Array.from({ length: 4 }, (_, position) => plainAt(disk, position, testChunkSize)));

const run = async (args: readonly string[], { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {}) => {
  const texts = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof texts): PassThrough => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString("utf8");
    });
    return stream;
  };
  const terminal = { stdout: collect("stdout"), stderr: collect("stderr") };
  const { signal } = new AbortController();
  const code = await runProgram(args, {
    terminal,
    clock: systemClock,
    random: systemRandom,
    signal,
    env,
    threads: inlineThreads,
  });
  return { code, ...texts };
};

const keyExit = 77;

describe("holdfast-repository on an encrypted repository", () => {
  let folder = "";
  let directory = "";
  let right = "";
  let wrong = "";
  const at = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = await makeFolder();
    await using held = await openEncryptedServer(folder);
    ({ directory } = held.server);
    await held.writer.backup({ taskId: "good", vmId: "vm1", disks: [disk] });
    [right, wrong] = [at("right"), at("wrong")];
    await writeFile(right, `${testPassword}\n`);
    await writeFile(wrong, "another password\n");
  });
  afterAll(() => removeFolder(folder));

  it("shows and verifies what needs no key, and says what is sealed", async () => {
    const shown = await run(["show", directory, "good"]);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain("are sealed");
    const json: unknown = JSON.parse((await run(["show", directory, "good", "-o", "json"])).stdout);
    expect(json).toMatchObject({ sealed: true, configuration: null, vm: { name: "" } });
    expect(await run(["verify", directory])).toMatchObject({ code: 0 });
  });

  it("exports nothing without the key, and tells a wrong password", async () => {
    const args = ["export", directory, "good", "--all", "--to", at("none")];
    const missing = await run(args);
    expect(missing).toMatchObject({ code: keyExit });
    expect(missing.stderr).toContain("KEY_MISSING");
    const refused = await run([...args, "--password-file", wrong]);
    expect(refused).toMatchObject({ code: keyExit });
    expect(refused.stderr).toContain("KEY_WRONG");
  });

  it("shows and exports everything with the password, from a file or from the environment", async () => {
    const shown = await run(["show", directory, "good", "--password-file", right]);
    expect(shown.stdout).toContain("vm1 (vm1 of engine)");
    expect(shown.stdout).not.toContain("sealed");
    const to = at("root.raw");
    const env = { HOLDFAST_REPOSITORY_PASSWORD: testPassword };
    expect(await run(["export", directory, "good", "--disk", "root", "--to", to], { env })).toMatchObject({ code: 0 });
    expect((await readFile(to)).equals(content)).toBe(true);
    expect((await run(["list", directory, "--password-file", right])).stdout).toContain("vm1");
  });

  it("makes an encrypted repository and shows a recovery key, which opens it", async () => {
    const made = at("made");
    const result = await run(["init", made, "--encrypt", "--password-file", right]);
    expect(result).toMatchObject({ code: 0 });
    const text = /recovery key: (\S+)/.exec(result.stdout)?.[1] ?? "";
    await writeFile(at("recovery"), text);
    expect(await run(["key", "rotate", made, "--recovery-key-file", at("recovery")])).toMatchObject({ code: 0 });
    await writeFile(
      at("mistyped"),
      text.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
    );
    const slip = await run(["key", "rotate", made, "--recovery-key-file", at("mistyped")]);
    expect(slip.stderr).toContain("INVALID_ARGUMENT");
    expect((await run(["init", at("open"), "--encrypt"])).stderr).toContain("INVALID_ARGUMENT");
  });

  it("changes the password beside all that is there: the former one opens no more", async () => {
    const next = at("next");
    await writeFile(next, "a newer password\n");
    const change = ["key", "change-password", directory, "--new-password-file"];
    expect((await run([...change, next, "--password-file", wrong])).stderr).toContain("KEY_WRONG");
    expect((await run([...change, next])).stderr).toContain("KEY_MISSING");
    expect(await run([...change, next, "--password-file", right])).toMatchObject({ code: 0 });
    expect((await run(["show", directory, "good", "--password-file", right])).stderr).toContain("KEY_WRONG");
    expect(await run(["key", "rotate", directory, "--password-file", next])).toMatchObject({ code: 0 });
    const added = await run(["key", "add-recovery", directory, "--password-file", next]);
    await writeFile(at("second"), /recovery key: (\S+)/.exec(added.stdout)?.[1] ?? "");
    const to = at("again.raw");
    const args = ["export", directory, "good", "--disk", "root", "--to", to, "--recovery-key-file", at("second")];
    expect(await run(args)).toMatchObject({ code: 0 });
    expect((await readFile(to)).equals(content)).toBe(true);
  });

  it("finds with the key what no server can see: content that never was what its id says", async () => {
    const lying = join(folder, "lying");
    await using held = await openEncryptedServer(lying);
    const { writer } = held;
    const honest = writer.record.bind(writer);
    writer.record = (kind, id, plain) => honest(kind, id, kind === "chunk" ? new Uint8Array(plain).fill(7) : plain);
    await writer.backup({ taskId: "lie", disks: [fullDisk("root", 1, 99, testChunkSize)] });
    expect(await run(["verify", held.server.directory])).toMatchObject({ code: 0 });
    const told = await run(["verify", held.server.directory, "--password-file", right]);
    expect(told.stderr).toContain("POINT_HURT");
    expect(told.stdout).toContain("disk root chunks 0+1 CHUNK_DAMAGED");
  });

  it("finds damage with the key and without", async () => {
    await damageChunk(directory);
    for (const more of [[], ["--recovery-key-file", at("second")]])
      expect((await run(["verify", directory, ...more])).stderr).toContain("POINT_HURT");
  });
});
