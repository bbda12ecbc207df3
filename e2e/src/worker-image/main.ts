import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "@holdfast/shared/clock/clock";
import { openTestRun } from "../harness/test-run.ts";
import { configDriveOf } from "./config-drive.ts";
import { startGuest } from "./guest.ts";
import { type Initialization, initializationSchema } from "./initialization.ts";
import { stringify } from "yaml";

// Boots a worker's image once, as an engine would, and follows its agent on the console. Software emulation will do: minutes, not seconds.

const { values } = parseArgs({
  options: {
    image: { type: "string" },
    initialization: { type: "string" },
    accelerator: { type: "string", default: "tcg" },
    machine: { type: "string", default: "q35" },
  },
});

/** Software emulation on a busy machine takes its time. */
const bootMs = 15 * 60_000;

/** What a start gives a worker that has nobody to enroll with: enough to see its agent run. */
const agentOnly = (): Initialization => ({
  host_name: "holdfast-worker-test",
  custom_script: stringify({
    write_files: [
      {
        path: "/etc/holdfast/agent.yaml",
        permissions: "0600",
        content: stringify({
          name: "holdfast-worker-test",
          dataDir: "/var/lib/holdfast/agent",
          manager: "lab",
          cluster: "east",
        }),
      },
    ],
    runcmd: [["systemctl", "enable", "--now", "holdfast-agent.service"]],
  }),
  nic_configurations: { nic_configuration: [{ name: "eth0", boot_protocol: "dhcp" }] },
});

const readInitialization = async (file: string): Promise<Initialization> =>
  initializationSchema.parse(JSON.parse(await readFile(file, "utf8")));

const beganMs = systemClock.monotonicMs();
const tell = (text: string): void => {
  const seconds = ((systemClock.monotonicMs() - beganMs) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
};

const image = values.image;
if (image === undefined) throw new Error("--image FILE is needed");
const initialization =
  values.initialization === undefined ? agentOnly() : await readInitialization(values.initialization);

await using run = await openTestRun();
const drive = configDriveOf(initialization, randomUUID());
const { accelerator, machine } = values;
await using guest = await startGuest({ image, drive, dir: run.dir, accelerator, machine });
try {
  tell(`powered on: ${machine}, ${accelerator}`);
  await guest.untilSays("Linux version", bootMs);
  tell("the kernel runs");
  await guest.untilSays("Started holdfast-agent.service", bootMs);
  tell("cloud-init wrote the configuration and started the agent's unit");
  tell(await guest.untilSays(/"component":"agent".*"msg":"starting"/, bootMs));
  const isDown = guest.powerDown(bootMs);
  await guest.untilSays(/"component":"agent".*"msg":"stopping"/, bootMs);
  tell("the power button was pressed, and the agent told to stop");
  await isDown;
  tell("powered down");
} catch (caught) {
  const lines = (await readFile(join(run.dir, "console.log"), "utf8")).split("\n");
  process.stderr.write(`${lines.slice(-60).join("\n")}\n`);
  throw caught;
}
