import { rm } from "node:fs/promises";
import { Command } from "commander";
import { openRepositoryReader } from "../../store/open-repository-store.ts";
import type { CommandContext } from "../context.ts";
import { writeLine } from "../output.ts";
import { locationHelp } from "./options.ts";

/** `rebuild-index DIR`: makes an index file anew from the packs. */
export const rebuildIndexCommand = ({ terminal, signal }: CommandContext): Command =>
  new Command("rebuild-index")
    .description("make an index file anew from the packs; the server that uses it must be down")
    .argument("<location>", locationHelp)
    .requiredOption("--index <file>", "file of the index")
    .action(async (directory: string, options: { index: string }) => {
      for (const suffix of ["", "-wal", "-shm"]) await rm(`${options.index}${suffix}`, { force: true });
      await using reader = await openRepositoryReader(directory, { indexPath: options.index }, signal);
      const { packs, chunks, pages } = await reader.counts();
      await writeLine(terminal.stdout, `indexed ${chunks} chunks and ${pages} pages of ${packs} packs`);
    });
