import { traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { productVersion } from "@holdfast/shared/version/product-version";
import { Command, CommanderError } from "commander";
import { configurationCommand } from "./commands/configuration.ts";
import { exportCommand } from "./commands/export.ts";
import { gcCommand } from "./commands/gc.ts";
import { initCommand } from "./commands/init.ts";
import { keyCommand } from "./commands/key.ts";
import { listCommand } from "./commands/list.ts";
import { rebuildIndexCommand } from "./commands/rebuild-index.ts";
import { serveCommand } from "./commands/serve.ts";
import { showCommand } from "./commands/show.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { CommandContext } from "./context.ts";
import { helpEpilogue } from "./exit-codes.ts";
import { writeLine } from "./output.ts";

/** All commands of `holdfast-repository`. */
export const createProgram = (context: CommandContext): Command => {
  const program = new Command("holdfast-repository")
    .description("a backup repository without its controller: list, verify, export, serve")
    .version(productVersion)
    .addHelpText("after", helpEpilogue());
  const commands = [
    initCommand,
    listCommand,
    showCommand,
    verifyCommand,
    exportCommand,
    gcCommand,
    rebuildIndexCommand,
    keyCommand,
    serveCommand,
    configurationCommand,
  ];
  for (const command of commands) program.addCommand(command(context));
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.terminal.stdout.write(text),
      writeErr: (text) => context.terminal.stderr.write(text),
    });
  }
  return program;
};

/** Runs one command line; gives the exit code, after an error was told as what, why and what to do. */
export const runProgram = async (args: readonly string[], context: CommandContext): Promise<number> => {
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return 0;
  } catch (caught) {
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? 0 : traitsOf("INVALID_ARGUMENT").exit;
    const error = HoldfastError.from(caught);
    const { advice, exit, meaning } = traitsOf(error.code);
    await writeLine(context.terminal.stderr, `error: ${error.message}`);
    await writeLine(context.terminal.stderr, `  ${error.code}: ${meaning}`);
    if (advice !== undefined) await writeLine(context.terminal.stderr, `  ${advice}`);
    if (error.code === "INTERNAL" && caught instanceof Error)
      await writeLine(context.terminal.stderr, caught.stack ?? "");
    return exit;
  }
};
