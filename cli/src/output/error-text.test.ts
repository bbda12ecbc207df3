import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import { errorText } from "./error-text.ts";

test("an error that crossed a wire is told once", () => {
  const error = new HoldfastError("NOT_FOUND", "no job nightly", { cause: new Error("5 NOT_FOUND: no job nightly") });
  expect(errorText(error)).toBe("error: no job nightly (NOT_FOUND)");
});

test("an error says what, why, and what to do", () => {
  const error = new HoldfastError("REPOSITORY_UNREACHABLE", "repository main does not answer", {
    cause: new Error("connect ECONNREFUSED"),
  });
  expect(errorText(error)).toBe(
    "error: repository main does not answer (REPOSITORY_UNREACHABLE)\n  why: connect ECONNREFUSED\n  try: holdfast repository show NAME",
  );
});
