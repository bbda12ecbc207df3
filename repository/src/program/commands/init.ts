import { chunkSizes, defaultChunkSize, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { Command, Option } from "commander";
import { toLocationText } from "../../store/store-location.ts";
import { createRepository } from "../../store/open-repository-store.ts";
import type { CommandContext } from "../context.ts";
import { writeLine } from "../output.ts";
import { locationHelp } from "./options.ts";

/** Clocks that differ by more are worth a word: locks and immutability count by them. */
const noticedMs = 60_000;

/** `init DIR`: makes a repository. */
export const initCommand = ({ terminal, clock, random }: CommandContext): Command =>
  new Command("init")
    .description("make a repository in an empty or absent folder, or in a bucket")
    .argument("<location>", locationHelp)
    .addOption(
      new Option("--chunk-size <bytes>", "bytes of a chunk, fixed for ever")
        .choices(chunkSizes.map(String))
        .default(String(defaultChunkSize)),
    )
    .option("--installation <id>", "installation that it belongs to", "")
    .action(async (location: string, options: { chunkSize: string; installation: string }) => {
      let aheadMs = 0;
      const facts = await createRepository(location, {
        chunkSize: parseChunkSize(Number(options.chunkSize)),
        installationId: options.installation,
        clock,
        random,
        onProbed: ({ clockAheadMs = 0 }) => {
          aheadMs = clockAheadMs;
        },
      });
      if (Math.abs(aheadMs) > noticedMs) {
        const seconds = Math.round(aheadMs / 1000);
        await writeLine(terminal.stderr, `warning: the object storage's clock differs from ours by ${seconds} s`);
      }
      await writeLine(terminal.stdout, `made repository ${facts.repositoryId} in ${toLocationText(location)}`);
    });
