import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { documentScript } from "./document-script.ts";

const run = (...texts: readonly string[]) => {
  const blocks = texts.map((text, index) => ({ language: "sh", text: `${text}\n`, line: index + 1 }));
  const { status, stdout } = spawnSync("bash", ["-c", documentScript(blocks)], { encoding: "utf8", timeout: 20_000 });
  return { status, lines: stdout.trimEnd().split("\n") };
};

test("blocks run in one shell, one after the other", () => {
  expect(run("WORD=hello", 'echo "$WORD"')).toEqual({
    status: 0,
    lines: ["== block at line 1", "== block at line 2", "hello", "== blocks are done"],
  });
});

test("the first failure ends it with its exit code, also inside a pipe", () => {
  expect(run("true", "(exit 7) | cat", "echo never")).toEqual({
    status: 7,
    lines: ["== block at line 1", "== block at line 2"],
  });
});

test("what was started in the background is ended", () => {
  const { status, lines } = run("sleep 300 & echo $!");
  expect(status).toBe(0);
  expect(() => process.kill(Number(lines[1]), 0)).toThrow("ESRCH");
});
