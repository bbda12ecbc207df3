/**
 * A program of its own: looks whether a repository that `revive-chunks` left in a folder, and a power failure, keeps all that was told as
 * committed, through a collection, a repetition of the backups and the loss of the index. Fails with the reason when it does not.
 */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { inMemory } from "../../index/index-database.ts";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import { commitSample, sampleAttempt } from "../../store/testing/sample-repository.ts";
import { openCollecting } from "./collecting.ts";
import { expectWhole, optionsOf } from "./garbage.ts";
import { revivedBackups } from "./revived-backups.ts";

const [folder = "", ...committed] = process.argv.slice(2);
const directory = join(folder, "r");
const requireAll = (found: readonly string[], wanted: readonly string[]): void => {
  for (const pointId of wanted) assert.ok(found.includes(pointId), `${pointId} is lost`);
};
{
  await using store = await openRepositoryStore(directory, optionsOf(folder));
  requireAll(await expectWhole(store), ["kept", ...committed]);
  await (await openCollecting(store)).collect();
  requireAll(await expectWhole(store), ["kept", ...committed]);
  for (const taskId of ["early", "late"] as const) {
    await commitSample(store, { attempt: sampleAttempt(taskId, 2), seeds: revivedBackups[taskId] });
  }
  await (await openCollecting(store)).collect();
  assert.deepEqual(await expectWhole(store), ["early", "kept", "late"]);
}
for (const suffix of ["", "-wal", "-shm"]) await rm(join(folder, `index${suffix}`), { force: true });
await using store = await openRepositoryStore(directory, { ...optionsOf(folder), indexPath: inMemory });
assert.deepEqual(await expectWhole(store), ["early", "kept", "late"]);
