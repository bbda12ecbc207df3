import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "@holdfast/shared/clock/clock";
import { openTestRun } from "../harness/test-run.ts";
import { configDriveOf } from "./config-drive.ts";
import { type Guest, startGuest } from "./guest.ts";
import { type Initialization, initializationSchema } from "./initialization.ts";
import { type LaunchedWorker, launchWorker } from "./launched-worker.ts";

// Boots a worker's image once, as an engine would, with what a controller told the engine, and sees its agent join and take a
// task. Software emulation will do: minutes, not seconds.

const { values } = parseArgs({
  options: {
    image: { type: "string" },
    initialization: { type: "string" },
    network: { type: "string", default: "dhcp" },
    accelerator: { type: "string", default: "tcg" },
    machine: { type: "string", default: "q35" },
  },
});

/** Software emulation on a busy machine takes its time. */
const patienceMs = 15 * 60_000;

const beganMs = systemClock.monotonicMs();
const tell = (text: string): void => {
  const seconds = ((systemClock.monotonicMs() - beganMs) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
};

const readInitialization = async (file: string): Promise<Initialization> =>
  initializationSchema.parse(JSON.parse(await readFile(file, "utf8")));

const followBoot = async (guest: Guest): Promise<void> => {
  await guest.untilSays("Linux version", patienceMs);
  tell("the kernel runs");
  await guest.untilSays("Started holdfast-agent.service", patienceMs);
  tell("cloud-init wrote the configuration and started the agent's unit");
  await guest.untilSays(/"component":"agent".*"msg":"starting"/, patienceMs);
  tell("the agent speaks");
};

const followWork = async (guest: Guest, worker: LaunchedWorker): Promise<void> => {
  await worker.untilHealthy(patienceMs);
  tell("the agent has joined, and is healthy");
  await expectAddress(guest, worker);
  tell(await worker.untilDone(patienceMs));
  tell("the point holds what the disk held");
};

/** Without its static address a guest would be given another one, by DHCP, and go on. */
const expectAddress = async (guest: Guest, { initialization }: LaunchedWorker): Promise<void> => {
  const [nic] = initialization.nic_configurations?.nic_configuration ?? [];
  const addresses = await guest.dialsFrom();
  if (addresses.length === 0 || (nic?.ip !== undefined && !addresses.every((one) => one === nic.ip?.address)))
    throw new Error(`the guest dials from ${addresses.join(", ") || "nowhere"}, not from ${nic?.ip?.address ?? "any"}`);
  tell(`it dials from ${addresses.join(", ")}`);
};

const followEnd = async (guest: Guest): Promise<void> => {
  const isDown = guest.powerDown(patienceMs);
  await guest.untilSays(/"component":"agent".*"msg":"stopping"/, patienceMs);
  tell("the power button was pressed, and the agent told to stop");
  await isDown;
  tell("powered down");
};

const image = values.image;
if (image === undefined) throw new Error("--image FILE is needed");

await using run = await openTestRun();
const network = values.network === "static" ? "static" : "dhcp";
await using worker =
  values.initialization === undefined ? await launchWorker(run, { network, withinMs: patienceMs }) : null;
if (worker !== null) tell(`a controller launched the worker for a job; its address: ${network}`);
const initialization = worker?.initialization ?? (await readInitialization(values.initialization ?? ""));

// What a VM is started with is the engine's: the config drive holds a join token.
const dir = join(run.dir, "lab-guest");
await mkdir(dir);
const { accelerator, machine } = values;
await using guest = await startGuest({
  image,
  drive: configDriveOf(initialization, randomUUID()),
  dir,
  accelerator,
  machine,
});
try {
  tell(`powered on: ${machine}, ${accelerator}`);
  await followBoot(guest);
  if (worker !== null) await followWork(guest, worker);
  await followEnd(guest);
} catch (caught) {
  const lines = (await readFile(join(dir, "console.log"), "utf8")).split("\n");
  process.stderr.write(`${lines.slice(-60).join("\n")}\n`);
  throw caught;
}
