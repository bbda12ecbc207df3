import { describe, expect, it } from "vitest";
import { createLineSplitter } from "./line-splitter.ts";
import { parseReadyLine } from "./ready.ts";

describe("a line splitter", () => {
  it("joins lines and letters that were cut apart, and holds no more than one line", () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    const bytes = Buffer.from("grün\nzwei\nrest");

    for (const byte of bytes) splitter.push(Buffer.of(byte));
    splitter.push(Buffer.alloc(100_000, "x"));
    splitter.push(Buffer.alloc(100_000, "x"));
    splitter.end();

    expect(lines.slice(0, 2)).toEqual(["grün", "zwei"]);
    expect(lines[2]?.length).toBe(64 * 1024);
  });
});

describe("parseReadyLine", () => {
  it("takes only a ready line", () => {
    expect(parseReadyLine('{"ready":true,"address":"a:1","pid":7}')).toEqual({ ready: true, address: "a:1", pid: 7 });
    for (const line of ["", "ready", '{"ready":false}', '{"ready":true', '{"level":"info","ready":1}']) {
      expect(parseReadyLine(line), line).toBeUndefined();
    }
  });
});
