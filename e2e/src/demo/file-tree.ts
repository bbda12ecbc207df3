import { createCipheriv, createHash } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Dice, createDice } from "../harness/seed.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** What a machine's file system holds: text that compresses, binaries that do not, copies, many small files, a sparse one. */
export interface TreeContents {
  /** The same seed makes the same bytes. */
  readonly seed: number;
  /** Bytes of all files together, nearly. */
  readonly sizeBytes: number;
}

/** Shares of the whole, in hundredths; the rest is small files. */
const shares = { logs: 40, binaries: 35, copies: 15 };
const logBytes = 2 * MiB;
const binaryBytes = 5 * MiB;

/** Fills a folder with files that the seed alone decides. */
export const writeFileTree = async (directory: string, { seed, sizeBytes }: TreeContents): Promise<void> => {
  const dice = createDice(seed);
  const phrases = makePhrases(dice);
  const count = (share: number, fileBytes: number): number =>
    Math.max(1, Math.round((sizeBytes * share) / 100 / fileBytes));
  const folder = async (name: string): Promise<(file: string) => string> => {
    await mkdir(join(directory, name), { recursive: true });
    return (file) => join(directory, name, file);
  };

  const logs = await folder("var/log");
  for (let index = 0; index < count(shares.logs, logBytes); index += 1)
    await writeFile(logs(`service-${index}.log`), logText(dice, phrases, logBytes));
  const binaries = await folder("usr/lib");
  const copies = await folder("srv/backup");
  const binaryCount = count(shares.binaries, binaryBytes);
  const copyCount = count(shares.copies, binaryBytes);
  for (let index = 0; index < binaryCount; index += 1) {
    const bytes = noise(`${seed}:binary:${index}`, binaryBytes);
    await writeFile(binaries(`library-${index}.so`), bytes);
    if (index < copyCount) await writeFile(copies(`library-${index}.so`), bytes);
  }
  const small = await folder("etc/settings");
  for (let index = 0; index < 300; index += 1)
    await writeFile(small(`${index}.conf`), logText(dice, phrases, 200 + dice.below(8 * KiB)));
  await using sparse = await open((await folder("var/lib"))("database"), "w");
  await sparse.truncate(16 * MiB);
  await sparse.write(noise(`${seed}:page`, 64 * KiB), 0, 64 * KiB, 8 * MiB);
};

const words = [
  "accepted",
  "closed",
  "connection",
  "from",
  "request",
  "served",
  "session",
  "started",
  "user",
  "waiting",
];

/** Phrases that repeat in the logs of a tree. */
const makePhrases = (dice: Dice): readonly string[] =>
  Array.from({ length: 64 }, () => Array.from({ length: 6 }, () => words[dice.below(words.length)]).join(" "));

/** Lines of a log: numbers that differ, words that repeat. */
const logText = (dice: Dice, phrases: readonly string[], sizeBytes: number): string => {
  const lines: string[] = [];
  let left = sizeBytes;
  const start = dice.below(1_000_000_000);
  for (let index = 0; left > 0; index += 1) {
    const step = start + index * 7919;
    const phrase = phrases[step % phrases.length] ?? "";
    const line = `${step} host app[${step % 32_749}]: ${phrase} ${(step * 31) % 1_000_003}\n`;
    lines.push(line);
    left -= line.length;
  }
  return lines.join("");
};

/** Bytes that do not compress. */
const noise = (name: string, sizeBytes: number): Buffer =>
  createCipheriv("aes-128-ctr", createHash("sha256").update(name).digest().subarray(0, 16), Buffer.alloc(16)).update(
    Buffer.alloc(sizeBytes),
  );
