import { open } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Command } from "commander";
import { refuseForeign, removeIndexFiles } from "../../index/index-files.ts";
import { openRepositoryReader } from "../../store/open-repository-store.ts";
import { type CommandContext, threadsOf } from "../context.ts";
import { type Format, tellResult, writeLine } from "../output.ts";
import { tellPacks } from "../progress.ts";
import { formatOption, locationHelp } from "./options.ts";

/** `rebuild-index DIR`: makes an index file anew from the packs. */
export const rebuildIndexCommand = (context: CommandContext): Command =>
  new Command("rebuild-index")
    .description("make an index file anew from the packs; the server that uses it must be down")
    .argument("<location>", locationHelp)
    .requiredOption("--index <file>", "file of the index")
    .addOption(formatOption())
    .action(async (directory: string, { index, output }: { readonly index: string; readonly output: Format }) => {
      const { terminal, signal } = context;
      await refuseOther(index);
      refuseForeign(index);
      removeIndexFiles(index);
      const reading = { indexPath: index, onPack: tellPacks(context), ...threadsOf(context) };
      await using reader = await openRepositoryReader(directory, reading, signal);
      const { packs, chunks, pages } = await reader.counts();
      const { damagedPacks } = reader;
      for (const pack of damagedPacks)
        await writeLine(terminal.stderr, `warning: ${pack} is damaged: what can be read of it is in the index`);
      const text = `indexed ${chunks} chunks and ${pages} pages of ${packs} packs`;
      await tellResult(terminal, output, { json: { index, packs, chunks, pages, damagedPacks }, text });
    });

const databaseMagic = "SQLite format 3\0";

/** What is no database is no index: a slip of the pen removes nothing. INVALID_ARGUMENT. */
const refuseOther = async (path: string): Promise<void> => {
  const found = await firstBytes(path);
  if (found === undefined || found === "" || found === databaseMagic) return;
  throw new HoldfastError("INVALID_ARGUMENT", `${path} is no index: it is left as it is`);
};

/** Undefined where there is no file. */
const firstBytes = async (path: string): Promise<string | undefined> => {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(databaseMagic.length), 0, databaseMagic.length, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { cause });
  }
};
