import type { Command } from "commander";
import { expect, test } from "vitest";
import { wordsByPath } from "./completion.ts";
import { createProgram, exitCodesText } from "./program.ts";
import { scriptedContext } from "./testing/scripted-context.ts";

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test("every command has a description and examples", () => {
  for (const command of leaves(createProgram(scriptedContext()))) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(command.description(), command.name()).not.toBe("");
    expect(help, command.name()).toMatch(/Examples:\n {2}\$ holdfast /);
  }
});

test("completion knows nouns, verbs and options", () => {
  const words = wordsByPath(createProgram(scriptedContext()));
  expect(words.get("")).toEqual(expect.arrayContaining(["manager", "job", "--output", "--controller"]));
  expect(words.get("job")).toEqual(expect.arrayContaining(["create", "run", "plan"]));
  expect(words.get("job run")).toEqual(expect.arrayContaining(["--wait", "--vm"]));
});

test("an unknown command ends with a usage error", async () => {
  const program = createProgram(scriptedContext());
  await expect(program.parseAsync(["node", "holdfast", "job", "frobnicate"])).rejects.toMatchObject({
    code: "commander.unknownCommand",
  });
});

test("without a controller the error says how to give one", async () => {
  const context = scriptedContext({ env: { HOME: "/nonexistent" } });
  await expect(createProgram(context).parseAsync(["node", "holdfast", "job", "list"])).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining("--controller"),
  });
});

test("the table of exit codes is the table of error codes", () => {
  expect(exitCodesText()).toContain(" 78  CONFIG_INVALID, IDENTITY_MISSING");
});
