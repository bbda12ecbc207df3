import { systemClock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { IndexClient } from "../index-client.ts";
import { syntheticPacks } from "./synthetic-tables.ts";

/**
 * A program of its own: makes an index of synthetic packs in a file, in key order or (`plain`) pack by pack, and tells on
 * standard output how it went: `load-index.ts FILE CHUNKS [plain]`.
 */
const [path = "", chunks = "0", how = "key-order"] = process.argv.slice(2);
const repositoryId = parseRepositoryId("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");
const beganMs = systemClock.monotonicMs();

const addAll = async (index: IndexClient): Promise<void> => {
  for (const { epoch, sequence, kind, sizeBytes, table } of syntheticPacks(Number(chunks))) {
    const header = { repositoryId, kind, epoch, sequence, createdMs: 0 };
    await index.addPack({ header, sizeBytes, table, found: "table" });
    // With --expose-gc: garbage of making tables is none of the index's.
    if (sequence % 500 === 0) globalThis.gc?.();
  }
};

const load = async (index: IndexClient): Promise<string> => {
  try {
    if (how === "plain") await addAll(index);
    else await index.loadInKeyOrder(() => addAll(index));
    return "done";
  } catch (caught) {
    if (caught instanceof HoldfastError && hasCode(caught, "REPOSITORY_FULL")) return caught.code;
    throw caught;
  }
};

await using index = await IndexClient.open(path, "r");
const outcome = await load(index);
process.stdout.write(
  JSON.stringify({
    outcome,
    counts: await index.counts(),
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    seconds: (systemClock.monotonicMs() - beganMs) / 1000,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
