/**
 * A program of its own: makes a repository with garbage in a folder and collects it, while uploads send again what is garbage: `early`
 * begins before the collection, and `late` later. Both the collection and `late` begin at a step of writing that is told. At a third step
 * it stops itself, for good. Tells on standard
 * output what was committed, and at its end how many steps all was.
 */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { systemFiles } from "../../store/durable-files.ts";
import { ownRepository } from "../../store/open-repository-store.ts";
import { ObservedFiles } from "../../store/testing/observed-files.ts";
import { commitSample, sampleAttempt } from "../../store/testing/sample-repository.ts";
import { openCollecting } from "./collecting.ts";
import { makeGarbage, optionsOf } from "./garbage.ts";
import { revivedBackups } from "./revived-backups.ts";

const [folder = "", collectAt = "", lateAt = "", stopAt = ""] = process.argv.slice(2);
await makeGarbage(folder);
let began = Number.POSITIVE_INFINITY;
const collection = Promise.withResolvers<void>();
const late = Promise.withResolvers<void>();
const files = new ObservedFiles(systemFiles, ({ number }) => {
  if (number === began + Number(collectAt)) collection.resolve();
  if (number === began + Number(lateAt)) late.resolve();
  if (number === began + Number(stopAt)) process.kill(process.pid, "SIGSTOP");
  return "pass";
});
await using store = await ownRepository(new DirectoryObjectStore(join(folder, "r"), { files }), optionsOf(folder));
const { collect, uploads } = await openCollecting(store);

const backUp = async (taskId: keyof typeof revivedBackups): Promise<void> => {
  const attempt = sampleAttempt(taskId);
  const vm = { engineInstanceId: "engine", vmId: "vm" };
  const upload = uploads.open({ attempt, vm, keyId: "key", base: undefined, origin: undefined, heal: [], absences: 0 });
  await commitSample(store, { attempt, seeds: revivedBackups[taskId], uses: upload.uses.packs });
  writeSync(1, `committed ${taskId}\n`);
};

began = files.steps.length;
const collecting = collection.promise.then(collect);
const lateBackUp = late.promise.then(() => backUp("late"));
await backUp("early");
collection.resolve();
await collecting;
late.resolve();
await lateBackUp;
writeSync(1, `steps ${files.steps.length - began}\n`);
