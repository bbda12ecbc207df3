import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { logTransition } from "./logger.ts";
import { memoryLogger } from "./memory-logger.ts";
import { openLogger } from "./pino-logger.ts";

const written = async (write: (log: ReturnType<typeof openLogger>) => void): Promise<Record<string, unknown>[]> => {
  const folder = await mkdtemp(join(tmpdir(), "hf-"));
  try {
    const file = join(folder, "sub", "log");
    {
      using log = openLogger({ component: "agent", level: "info", file });
      write(log);
    }
    const text = await readFile(file, "utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe("a log line", () => {
  it("is JSON with component, level, UTC time and the fields of its loggers", async () => {
    const [line, ...more] = await written((log) => {
      log.debug("not this");
      log.child({ session: "s1" }).child({ task: "t1" }).info("task moved", { attempt: 2, sizeBytes: 5n });
    });

    expect(more).toEqual([]);
    expect(line).toMatchObject({
      component: "agent",
      level: "info",
      session: "s1",
      task: "t1",
      attempt: 2,
      sizeBytes: "5",
      msg: "task moved",
    });
    expect(line?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("shows no secret, wherever it stands", async () => {
    const secret = "hunter2-hunter2";
    const lines = await written((log) => {
      log.child({ token: secret }).info("a", {
        password: secret,
        request: { headers: { Authorization: `Bearer ${secret}` }, list: [{ ticketUrl: secret }] },
        url: `https://host:54322/images/0f0f0f0f-1234-5678-9abc-def012345678?x=1`,
      });
      log.error("b", {
        err: new Error(`GET https://host/images/0f0f0f0f-1234-5678-9abc-def012345678 with Bearer ${secret}`),
      });
      log.error("c", { err: new HoldfastError("INTERNAL", "x", { details: { token: secret } }) });
    });

    const text = JSON.stringify(lines);
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("0f0f0f0f-1234");
    expect(text).toContain("https://host:54322/images/[redacted]?x=1");
  });

  it("tells an expected failure by its code and a bug by its stack, with their causes", async () => {
    const cause = Object.assign(new Error("no such file"), { code: "ENOENT" });
    const [expected, bug] = await written((log) => {
      log.warn("a", { err: new HoldfastError("IO_FAILED", "pack 7 unreadable", { details: { pack: 7 }, cause }) });
      log.error("b", { err: new TypeError("x is undefined") });
    });

    expect(expected?.["err"]).toMatchObject({ code: "IO_FAILED", details: { pack: 7 }, cause: { code: "ENOENT" } });
    expect(expected?.["err"]).not.toHaveProperty("stack");
    expect(bug?.["err"]).toMatchObject({ name: "TypeError", stack: expect.stringContaining("logging.test.ts") });
  });
});

describe("logTransition", () => {
  it("writes one line per change of state in one form", () => {
    const log = memoryLogger();

    logTransition(log.child({ session: "s1" }), {
      kind: "task",
      id: "t1",
      from: "queued",
      to: "claimed",
      reason: "agent a1",
    });

    expect(log.lines).toEqual([
      {
        level: "info",
        message: "task moved",
        fields: { session: "s1", task: "t1", from: "queued", to: "claimed", reason: "agent a1" },
      },
    ]);
  });
});
