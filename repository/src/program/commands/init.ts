import { chunkSizes, defaultChunkSize, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { Command, Option } from "commander";
import { createRepository } from "../../store/open-repository-store.ts";
import type { CommandContext } from "../context.ts";
import { writeLine } from "../output.ts";

/** `init DIR`: makes a repository. */
export const initCommand = ({ terminal, clock, random }: CommandContext): Command =>
  new Command("init")
    .description("make a repository in an empty or absent folder")
    .argument("<dir>", "folder of the repository")
    .addOption(
      new Option("--chunk-size <bytes>", "bytes of a chunk, fixed for ever")
        .choices(chunkSizes.map(String))
        .default(String(defaultChunkSize)),
    )
    .option("--installation <id>", "installation that it belongs to", "")
    .action(async (directory: string, options: { chunkSize: string; installation: string }) => {
      const facts = await createRepository(directory, {
        chunkSize: parseChunkSize(Number(options.chunkSize)),
        installationId: options.installation,
        clock,
        random,
      });
      await writeLine(terminal.stdout, `made repository ${facts.repositoryId} in ${directory}`);
    });
