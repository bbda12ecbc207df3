import { expect, test } from "vitest";
import { scriptedContext } from "../testing/scripted-context.ts";
import { equivalentCommand, runWizard } from "./wizard.ts";

const choices = { vms: ["web-1", "prod/db-1"], repositories: ["main"] };

const run = (answers: readonly string[]) => {
  const context = scriptedContext({ answers });
  return {
    context,
    result: runWizard({ ask: context.ask ?? (() => Promise.resolve("")), note: context.note }, choices, undefined),
  };
};

test("the questions come in order and the summary is the equivalent command", async () => {
  const { context, result } = run(["nightly", "web-1, prod/db-1", "", "22:00", "30", "yes"]);
  expect(await result).toEqual({
    confirmed: true,
    name: "nightly",
    options: { vm: ["web-1", "prod/db-1"], repository: "main", dailyAt: "22:00", keepDays: 30 },
  });
  expect(context.noted.join("\n")).toContain(
    "holdfast job create nightly --vm web-1 --vm prod/db-1 --repository main --daily-at 22:00 --keep-days 30",
  );
});

test("an unknown VM is asked for again", async () => {
  const { context, result } = run(["n", "nope", "web-1", "main", "", "", "yes"]);
  expect(await result).toMatchObject({ confirmed: true, options: { vm: ["web-1"], keepDays: 14 } });
  expect(context.noted).toContain("no such VM: nope");
});

test("nothing is made without a yes", async () => {
  expect(await run(["n", "web-1", "main", "", "", "no"]).result).toEqual({ confirmed: false });
});

test("names are quoted for the shell", () => {
  expect(equivalentCommand("it's nightly", {})).toBe(String.raw`holdfast job create 'it'\''s nightly'`);
});
