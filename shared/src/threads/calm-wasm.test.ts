import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const program = join(import.meta.dirname, "testing", "wasm-threads.ts");

/** Wrappers that V8 compiled, by its own log of all code. */
const wrappersIn = async (how: "ours" | "bare"): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), "hf-wasm-"));
  try {
    const log = join(folder, "code.log");
    const flags = ["--conditions=source", "--log-code", "--no-logfile-per-isolate", `--logfile=${log}`];
    await promisify(execFile)(process.execPath, [...flags, program, how]);
    return (await readFile(log, "utf8")).split("wasm-to-js").length - 1;
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe("WebAssembly in our threads", () => {
  it("never has wrappers compiled for its calls into JavaScript", async () => {
    expect(await wrappersIn("ours")).toBe(0);
  });

  it("would have them in a plain thread, so the precaution is still needed", async () => {
    expect(await wrappersIn("bare")).toBeGreaterThan(0);
  });
});
