import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";

/**
 * What guests run in the simulator's own tests in the place of an agent: it writes down how it was started, whether it reaches
 * the port of `reach: PORT` in its configuration, and that it was asked to end.
 */
const folder = process.env["HOLDFAST_AGENT_DATA_DIR"] ?? "";
mkdirSync(folder, { recursive: true });

const record = (line: object): void => {
  appendFileSync(join(folder, "record.jsonl"), `${JSON.stringify(line)}\n`);
};

const config = readFileSync(process.argv[3] ?? "", "utf8");
const variables = Object.keys(process.env).filter((name) => name.startsWith("HOLDFAST_"));

process.on("SIGTERM", () => {
  record({ event: "asked to end" });
  process.exitCode = 0;
  clearInterval(alive);
});
const alive = setInterval(() => undefined, 60_000);

const socket = connect({ host: "127.0.0.1", port: Number(/reach: (\d+)/.exec(config)?.[1] ?? 0) });
const started = (reaches: boolean): void => {
  record({ event: "started", config, variables, reaches });
  process.stdout.write("the stand-in runs\n");
  socket.destroy();
};
socket.once("connect", () => {
  started(true);
});
socket.once("error", () => {
  started(false);
});
