import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";
import type { GlobalOptions } from "./output/output.ts";

/** A command that adds itself to its noun. */
export type CommandMaker = (context: CliContext) => Command;

/** A verb with examples under its help; `examples` are whole command lines without the leading `holdfast`. */
export const verb = (nameAndArguments: string, description: string, examples: readonly string[]): Command => {
  const command = new Command(nameAndArguments.split(" ")[0] ?? nameAndArguments);
  const operands = nameAndArguments.split(" ").slice(1).join(" ");
  if (operands !== "") command.arguments(operands);
  command.description(description);
  const text = examples.map((example) => `  $ holdfast ${example}`).join("\n");
  return command.addHelpText("after", `\nExamples:\n${text}`);
};

/** A noun with its verbs. */
export const noun = (name: string, description: string, verbs: readonly Command[]): Command => {
  const command = new Command(name).description(description);
  for (const one of verbs) command.addCommand(one);
  return command;
};

/** The options of a command with the global ones. */
export const optionsOf = <Options extends object>(command: Command): Options & GlobalOptions =>
  command.optsWithGlobals<Options & GlobalOptions>();

/** A repeatable option that collects its values. */
export const listOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
