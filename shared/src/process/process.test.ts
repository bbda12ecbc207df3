import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { memoryLogger } from "../logging/memory-logger.ts";
import { startProcess } from "./child-process.ts";
import { findByEnvironment, isRunning, readProcessState } from "./process-state.ts";
import { openSupervisor, type ProgramSpec } from "./supervisor.ts";

const program = (source: string) => ({ command: process.execPath, args: ["-e", source] });
const serving = 'console.log(JSON.stringify({ ready: true, address: "a:1" })); setInterval(() => {}, 60_000);';
const until = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

describe("startProcess", () => {
  it("tells when the process serves, and where", async () => {
    await using child = await startProcess({ name: "p", ...program(serving) });

    await expect(child.ready(10_000)).resolves.toMatchObject({ address: "a:1" });
    expect(await isRunning(child.pid, child.startTime)).toBe(true);
  });

  it("says how and with what last words a process ended before it served", async () => {
    await using child = await startProcess({ name: "p", ...program('console.error("no room"); process.exitCode = 3') });

    await expect(child.ready(10_000)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("code 3"),
    });
    await expect(child.ready(10_000)).rejects.toThrow("no room");
    expect(await child.exited).toEqual({ code: 3, signal: null });
  });

  it("keeps both outputs in a log file and hands lines on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hf-"));
    try {
      const lines: string[] = [];
      const logFile = join(folder, "p.log");
      const source = 'console.log("one\\ntwo"); process.stdout.write("thr"); process.stdout.write("ee");';
      await using child = await startProcess({
        name: "p",
        ...program(source),
        logFile,
        onLine: (line) => lines.push(line),
      });

      await child.exited;

      expect(lines).toEqual(["one", "two", "three"]);
      expect(await readFile(logFile, "utf8")).toBe("one\ntwo\nthree");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("kills what does not end after SIGTERM, also when it is stopped", async () => {
    const source = `process.on("SIGTERM", () => {}); ${serving}`;
    await using child = await startProcess({ name: "p", ...program(source) });
    await child.ready(10_000);
    child.kill("SIGSTOP");
    await until(async () => expect((await readProcessState(child.pid))?.state).toBe("T"));

    expect(await child.stop(50)).toEqual({ code: null, signal: "SIGKILL" });
    expect(await isRunning(child.pid, child.startTime)).toBe(false);
    expect(await child.stop()).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("does not wait for output that a grandchild holds open", async () => {
    const source = `const { pid } = require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit", detached: true }); console.log("pid " + pid)`;
    const lines: string[] = [];
    await using child = await startProcess({
      name: "p",
      ...program(`${source}; process.exit()`),
      onLine: (line) => lines.push(line),
    });

    expect(await child.exited).toEqual({ code: 0, signal: null });
    process.kill(Number(lines[0]?.slice("pid ".length)), "SIGKILL");
  });

  it("refuses what cannot be started, at once or when its readiness is asked for", async () => {
    const starting = async (): Promise<void> => {
      await using child = await startProcess({ name: "p", command: "/nonexistent/program" });
      await child.ready(10_000);
    };

    await expect(starting()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("can be found by its environment", async () => {
    const marker = `HOLDFAST_TEST_RUN=process-test-${process.pid}`;
    const [name = "", value] = marker.split("=");
    await using child = await startProcess({ name: "p", ...program(serving), env: { ...process.env, [name]: value } });
    await child.ready(10_000);

    expect((await findByEnvironment(marker)).map(({ pid }) => pid)).toEqual([child.pid]);
    await child.stop();
    expect(await findByEnvironment(marker)).toEqual([]);
  });
});

describe("a supervisor", () => {
  const spec = (name: string, source: string): ProgramSpec => ({ name, process: () => program(source) });
  const backoff = { firstMs: 1, maxMs: 5 };

  it("starts in order, hands ready lines on, and stops in reverse", async () => {
    const log = memoryLogger();
    const order: string[] = [];
    const telling = (name: string): string =>
      `process.on("SIGTERM", () => { console.log("${name}"); process.exit(0) }); ${serving}`;
    const told = (name: string) => ({
      ...program(telling(name)),
      onLine: (line: string) => line === name && order.push(name),
    });
    const seen: (string | undefined)[] = [];
    const supervisor = await openSupervisor({
      clock: systemClock,
      log,
      programs: [
        { name: "one", process: () => told("one") },
        { name: "two", process: (ready) => (seen.push(ready.get("one")?.address), told("two")) },
      ],
    });

    await supervisor[Symbol.asyncDispose]();

    expect(seen).toEqual(["a:1"]);
    expect(order).toEqual(["two", "one"]);
    expect(log.lines.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("restarts a program that was killed", async () => {
    await using supervisor = await openSupervisor({
      clock: systemClock,
      log: memoryLogger(),
      backoff,
      programs: [spec("one", serving)],
    });
    const before = supervisor.processOf("one");

    before?.kill("SIGKILL");

    await until(() => expect(supervisor.processOf("one")?.pid).not.toBeOneOf([undefined, before?.pid]));
    await supervisor.processOf("one")?.ready(10_000);
  });

  it("gives up visibly on a program that ends again and again", async () => {
    const log = memoryLogger();
    const source = `${serving} setTimeout(() => process.exit(7), 1)`;
    await using supervisor = await openSupervisor({
      clock: systemClock,
      log,
      backoff,
      maxFailures: 2,
      programs: [spec("one", source)],
    });

    await expect(supervisor.gaveUp).resolves.toMatchObject({ code: "UNAVAILABLE", details: { failures: 3 } });
    expect(log.lines.at(-1)).toMatchObject({
      level: "error",
      message: "process given up",
      fields: { program: "one", code: 7 },
    });
  });

  it("stops what it started when a later program never serves", async () => {
    const marker = `supervisor-test-${process.pid}`;
    const env = { ...process.env, HOLDFAST_TEST_RUN: marker };
    const opening = openSupervisor({
      clock: systemClock,
      log: memoryLogger(),
      programs: [{ name: "one", process: () => ({ ...program(serving), env }) }, spec("two", "")],
    });

    await expect(opening).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await findByEnvironment(`HOLDFAST_TEST_RUN=${marker}`)).toEqual([]);
  });
});
