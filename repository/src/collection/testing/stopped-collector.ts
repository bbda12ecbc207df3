import { join } from "node:path";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { systemFiles } from "../../store/durable-files.ts";
import { ownRepository } from "../../store/open-repository-store.ts";
import { ObservedFiles } from "../../store/testing/observed-files.ts";
import { openCollecting } from "./collecting.ts";
import { optionsOf } from "./garbage.ts";

// A program of its own: owns the repository in a folder, collects, and sends itself a signal at a step of writing: SIGSTOP until it
// is continued, SIGKILL for good.
const [folder = "", step = "", signal = "SIGSTOP"] = process.argv.slice(2);
const files = new ObservedFiles(systemFiles, ({ number }) => {
  if (number === Number(step)) process.kill(process.pid, signal);
  return "pass";
});
try {
  await using store = await ownRepository(new DirectoryObjectStore(join(folder, "r"), { files }), optionsOf(folder));
  await (await openCollecting(store)).collect();
} catch (caught) {
  process.exitCode = hasCode(caught, "REPOSITORY_NOT_OWNED") ? 3 : 1;
}
