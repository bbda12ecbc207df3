import { join } from "node:path";
import { DirectoryObjectStore } from "../directory-object-store.ts";
import { systemFiles } from "../durable-files.ts";
import { ownRepository } from "../open-repository-store.ts";
import { ObservedFiles } from "./observed-files.ts";
import { commitSample, sampleAttempt, sampleOptions } from "./sample-repository.ts";

// A program of its own: owns the repository in a folder, backs up, and kills itself at a step of writing.
const [folder = "", step = ""] = process.argv.slice(2);
const files = new ObservedFiles(systemFiles, ({ number }) => {
  if (number === Number(step)) process.kill(process.pid, "SIGKILL");
  return "pass";
});
const objects = new DirectoryObjectStore(join(folder, "r"), { files });
await using store = await ownRepository(objects, sampleOptions(join(folder, "index")));
await commitSample(store, { attempt: sampleAttempt("killed"), seeds: [2, 0, 3] });
process.stdout.write("acknowledged\n");
