import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { makeMemoryGroup } from "./memory-group.ts";

// How long it takes to make an index of many chunks from synthetic tables of contents, how large it is, and how long lookups take,
// inside a memory limit. Run: make bench-index MILLIONS=100, or node --conditions=source repository/src/bench/index.ts 100 [plain]

const run = promisify(execFile);
const limitBytes = 1.5 * 1024 ** 3;
const [millions = "100", how = "key-order"] = process.argv.slice(2);
const chunks = String(Number(millions) * 1_000_000);

using held = new DisposableStack();
const group = makeMemoryGroup(limitBytes);
if (typeof group === "string") process.stdout.write(`WITHOUT the memory limit: ${group}\n`);
else held.use(group);
const enter = typeof group === "string" ? ":" : `echo $$ > '${group.procs}'`;

/** Runs a program of ours within the limit. */
const inGroup = async (program: string, ...args: readonly string[]): Promise<string> => {
  const path = join(import.meta.dirname, program);
  const node = [process.execPath, "--conditions=source", path, ...args];
  return (await run("sh", ["-c", `${enter} && exec "$@"`, "sh", ...node])).stdout;
};

await using folder = await temporaryFolder();
const index = join(folder.path, "index");
process.stdout.write(`built: ${await inGroup("../index/testing/load-index.ts", index, chunks, how)}\n`);
process.stdout.write(`bytes: ${(await stat(index)).size}\n`);
// Forgets what the system keeps of this one file; dd is the one tool everywhere that asks for it.
await run("sync", ["--file-system", index]);
await run("dd", [`if=${index}`, "iflag=nocache", "count=0"]);
process.stdout.write(`lookups: ${await inGroup("index-lookups.ts", index, chunks)}\n`);
