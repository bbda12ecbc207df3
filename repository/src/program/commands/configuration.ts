import { toIso } from "@holdfast/shared/clock/clock";
import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import { writeNewFile } from "../write-new-file.ts";
import { Command, InvalidArgumentError } from "commander";
import { ConfigurationObjects, type StoredConfiguration } from "../../configurations/configuration-objects.ts";
import { findConfiguration, type OnDamaged } from "../../configurations/find-configuration.ts";
import { openObjectStore } from "../../store/open-object-store.ts";
import type { CommandContext } from "../context.ts";
import { type Format, tellJson, toSize, toTable, writeLine } from "../output.ts";
import { formatOption, locationHelp } from "./options.ts";

interface ExportOptions {
  readonly output: Format;
  readonly to: string;
  readonly installation?: string;
  readonly number?: number;
}

/** `configuration list|export DIR`: backups of installations that lie in a repository. */
export const configurationCommand = (context: CommandContext): Command => {
  const command = new Command("configuration").description(
    "backups of the installation itself, sealed to its recovery key",
  );
  return command.addCommand(listCommand(context)).addCommand(exportCommand(context));
};

const listCommand = (context: CommandContext): Command =>
  new Command("list")
    .description("list the configurations, oldest first")
    .argument("<location>", locationHelp)
    .addOption(formatOption())
    .action(async (location: string, { output }: { readonly output: Format }) => {
      await using objects = await openObjectStore(location);
      const found = await new ConfigurationObjects(objects).list(warningsOf(context));
      await writeLine(context.terminal.stdout, output === "json" ? toJson(found) : toRows(found));
    });

const exportCommand = (context: CommandContext): Command =>
  new Command("export")
    .description("write a configuration, still sealed, into a file: holdfast controller recover opens it")
    .argument("<location>", locationHelp)
    .requiredOption("--to <file>", "the file, which must not exist")
    .option("--installation <id>", "of which installation, where there are several")
    .option("--number <number>", "which one; the newest that is whole unless given", parseNumber)
    .addOption(formatOption())
    .action(async (location: string, { output, to, installation, number }: ExportOptions) => {
      await using objects = await openObjectStore(location);
      const wish = { installationId: installation, number };
      const found = await findConfiguration(new ConfigurationObjects(objects), wish, warningsOf(context));
      await writeNewFile(to, found.content);
      await writeLine(context.terminal.stderr, `${inWords(found)}: written to ${to}`);
      const { installationId, header } = found;
      const json = { installationId, number: found.number, createdAt: toIso(header.createdMs), path: to };
      if (output === "json") await tellJson(context.terminal, json);
    });

const parseNumber = (text: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("give a whole number from 1");
};

const warningsOf =
  ({ terminal }: CommandContext): OnDamaged =>
  (name, error: HoldfastError) => {
    terminal.stderr.write(`warning: ${name} is passed over: ${error.message}\n`);
  };

const inWords = ({ installationId, number, header }: StoredConfiguration): string =>
  `configuration ${number} of installation ${installationId}, of ${toIso(header.createdMs)}`;

const toRows = (found: readonly StoredConfiguration[]): string =>
  toTable(
    ["INSTALLATION", "NUMBER", "CREATED", "SIZE", "RECOVERY KEY"],
    found.map(({ installationId, number, bytes, header }) => [
      installationId,
      String(number),
      toIso(header.createdMs),
      toSize(bytes),
      toHex(header.keyId),
    ]),
  );

const toJson = (found: readonly StoredConfiguration[]): string =>
  JSON.stringify(
    {
      configurations: found.map(({ installationId, number, bytes, header }) => ({
        installationId,
        number,
        createdAt: toIso(header.createdMs),
        bytes,
        keyId: toHex(header.keyId),
        repositoryId: header.repositoryId,
      })),
    },
    null,
    2,
  );
