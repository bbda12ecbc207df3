import type { Check } from "@holdfast/shared/doctor/check";
import { expect, it } from "vitest";
import { judgeExamination } from "./examine-worker.ts";

const check = (subject: string, state: string, kind = "connection"): Check => ({
  role: "agent",
  name: "w-one",
  kind,
  subject,
  state,
  message: state === "ok" ? "reached" : "no answer",
});

it("a worker that reaches everything is fit, and says what it reached", () => {
  expect(judgeExamination([check("repository main", "ok"), check("imageio of host h1 of manager prod", "ok")])).toEqual(
    {
      unfit: "",
      warnings: [],
      reached: "repository main, imageio of host h1 of manager prod",
    },
  );
});

it("a host or proxy that it does not reach is a warning: disks come another way", () => {
  const hosts = [
    check("imageio of host h1 of manager prod", "error"),
    check("imageio proxy of manager prod", "warning"),
  ];
  expect(judgeExamination([check("repository main", "ok"), ...hosts])).toMatchObject({
    unfit: "",
    warnings: ["imageio of host h1 of manager prod: no answer"],
  });
});

it("a repository that it does not reach, or no answer at all, makes it unfit", () => {
  expect(judgeExamination([check("repository main", "error")]).unfit).toBe("repository main: no answer");
  expect(judgeExamination([check("answer", "error", "answer")]).unfit).toBe("answer: no answer");
});

it("what is skipped, or not about reaching anybody, does not count", () => {
  const others = [check("imageio of host h9", "skipped"), check("data folder", "warning", "space")];
  expect(judgeExamination(others)).toEqual({ unfit: "", warnings: [], reached: "" });
});
