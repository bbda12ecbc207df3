import { expect, test } from "vitest";
import { noBytes } from "../sessions/byte-counts.ts";
import { wasReadWhole } from "./note-reading.ts";

const modes = (...words: readonly string[]): boolean =>
  wasReadWhole(words.map((mode) => ({ diskId: mode, mode, reason: "", route: "", bytes: noBytes })));

test("a VM was read whole when every disk that is in its point was", () => {
  expect(modes("full", "compare", "skipped")).toBe(true);
  expect(modes("full", "incremental")).toBe(false);
  expect(modes("unchanged")).toBe(false);
});

test("a VM of which nothing was read was not read whole", () => {
  expect([modes(), modes("skipped")]).toEqual([false, false]);
});
