import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ChildProcess, startProcess } from "../process/child-process.ts";

const start = async (how: string): Promise<{ readonly child: ChildProcess; readonly lines: string[] }> => {
  const lines: string[] = [];
  const main = fileURLToPath(new URL("testing/main-program.ts", import.meta.url));
  const args = ["--conditions=source", main, how];
  const child = await startProcess({ name: how, command: process.execPath, args, onLine: (line) => lines.push(line) });
  await child.ready(20_000);
  return { child, lines };
};

describe("runMain", () => {
  it("ends with 0 when the program returns, and with its code's exit code when it fails", async () => {
    const [returned, failed, bug] = await Promise.all(["return", "fail", "bug"].map(start));

    expect(await returned?.child.exited).toEqual({ code: 0, signal: null });
    expect(await failed?.child.exited).toEqual({ code: 78, signal: null });
    expect(await bug?.child.exited).toEqual({ code: 70, signal: null });
    expect(failed?.lines.at(-1)).toContain('"msg":"ended with an error"');
    expect(bug?.lines.at(-1)).toContain("main-program.ts");
  });

  it("aborts its signal on SIGTERM and ends with 0", async () => {
    const { child, lines } = await start("wait");

    child.kill("SIGTERM");

    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(lines.at(-1)).toContain('"msg":"stopping"');
  });

  it("lets a program finish for as long as it allows itself, and hurries it at a second signal", async () => {
    const { child, lines } = await start("finish");

    child.kill("SIGTERM");
    await expect.poll(() => lines.at(-1)).toContain('"msg":"stopping"');
    child.kill("SIGTERM");

    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(lines.at(-1)).toContain('"msg":"stopping at once"');
  });

  it("logs what nobody caught with its stack and ends", async () => {
    const { child, lines } = await start("uncaught");

    expect(await child.exited).toEqual({ code: 70, signal: null });
    expect(lines.at(-1)).toContain("thrown by nobody's call");
  });

  it("is ended by force when it does not stop in time", async () => {
    const { child, lines } = await start("stubborn");

    child.kill("SIGTERM");

    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(lines.at(-1)).toContain('"msg":"did not stop in time"');
  });
});
