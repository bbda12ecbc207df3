import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { WorkerThread } from "../worker-thread.ts";

// Runs WebAssembly in a thread: in one of ours, or with `bare` in a plain one.
const worker = new URL("wasm-worker.ts", import.meta.url);
if (process.argv[2] === "bare") {
  await once(new Worker(worker), "exit");
} else {
  const thread = new WorkerThread(worker, { ending: "finish" });
  await thread[Symbol.asyncDispose]();
}
