import { writeSync } from "node:fs";
import { join } from "node:path";
import { optionsOf } from "../../collection/testing/garbage.ts";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { systemFiles } from "../../store/durable-files.ts";
import { packText } from "../../store/object-names.ts";
import { ownRepository } from "../../store/open-repository-store.ts";
import { ObservedFiles } from "../../store/testing/observed-files.ts";
import { openVerifying } from "./verifying.ts";

// A program of its own: owns the repository in a folder, reads everything back, tells each pack as it begins with it, and kills
// itself at a step of writing.
const [folder = "", step = ""] = process.argv.slice(2);
const files = new ObservedFiles(systemFiles, ({ number }) => {
  if (number === Number(step)) process.kill(process.pid, "SIGKILL");
  return "pass";
});
await using store = await ownRepository(new DirectoryObjectStore(join(folder, "r"), { files }), optionsOf(folder));
const { readAll } = await openVerifying(store, {
  onPack: (pack) => {
    writeSync(1, `${packText(pack)}\n`);
  },
});
await readAll();
