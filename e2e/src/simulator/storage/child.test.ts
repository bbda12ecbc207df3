import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { runTool, startChild } from "./child.ts";

/** True for a process that runs; a zombie does not. */
const runs = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
};

it("dies with the process that started it, even by a kill", async () => {
  const module = new URL("child.ts", import.meta.url).href;
  const program = `import { startChild } from "${module}"; console.log((await startChild("sleep", ["600"])).pid);`;
  const parent = spawn(process.execPath, ["--conditions=source", "--input-type=module", "-e", program]);
  const [output] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(output.toString());
  expect(await runs(pid)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => runs(pid), { timeout: 10_000 }).toBe(false);
});

it("ends when it is disposed of, and answers how", async () => {
  const child = await startChild("sleep", ["600"]);
  await child[Symbol.asyncDispose]();
  expect([child.alive, await child.exited]).toEqual([false, { code: null, signal: "SIGTERM" }]);
});

it("fails with the program's own words", async () => {
  await expect(runTool("qemu-img", ["info", "/nowhere"])).rejects.toThrow(/qemu-img info failed: .*No such file/);
  expect(await runTool("echo", ["hello"])).toBe("hello\n");
});
