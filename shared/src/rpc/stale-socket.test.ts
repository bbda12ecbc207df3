import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startProcess } from "../process/child-process.ts";
import { removeStaleSocket } from "./stale-socket.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("removeStaleSocket", () => {
  it("removes the socket of a killed server, but not of one that lives", async () => {
    const path = join(folder, "s");
    const listening = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log('{"ready":true}'))`;
    await using child = await startProcess({ name: "s", command: process.execPath, args: ["-e", listening] });
    await child.ready(10_000);

    await expect(removeStaleSocket(path)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    child.kill("SIGKILL");
    await child.exited;
    await removeStaleSocket(path);

    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
    await removeStaleSocket(path);
  });

  it("leaves a file alone that is no socket", async () => {
    const path = join(folder, "file");
    await writeFile(path, "precious");

    await expect(removeStaleSocket(path)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await stat(path)).size).toBe(8);
  });
});
