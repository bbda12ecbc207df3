import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { type Child, runTool, startChild } from "../simulator/storage/child.ts";
import { QmpClient } from "../simulator/storage/qmp-client.ts";
import { until } from "../harness/until.ts";
import type { ConfigDrive } from "./config-drive.ts";

/** What a guest is made of. */
export interface GuestSpec {
  /** The image; the guest's writes go elsewhere and are forgotten. */
  readonly image: string;
  readonly drive: ConfigDrive;
  /** For its console and its config drive. */
  readonly dir: string;
  /** QEMU's accelerator: `tcg` needs nothing of the machine. */
  readonly accelerator: string;
  /** QEMU's machine type: `q35`, or `pc` as clusters with a legacy chipset have it. */
  readonly machine: string;
}

/** A running virtual machine, seen through its serial console. */
export interface Guest extends AsyncDisposable {
  /** Waits for text on the console and gives the first line that has it; fails with the console's end. */
  untilSays(text: string | RegExp, withinMs: number): Promise<string>;
  /** Its own addresses, as far as it has connections to others now. */
  dialsFrom(): Promise<readonly string[]>;
  /** Presses the power button and waits for its end. */
  powerDown(withinMs: number): Promise<void>;
}

/** Starts a guest as an oVirt host does: BIOS, virtio disk and NIC, the config drive as a CD-ROM. */
export const startGuest = async (spec: GuestSpec): Promise<Guest> => {
  const drive = await writeDrive(spec);
  const consoleFile = join(spec.dir, "console.log");
  await writeFile(consoleFile, "");
  const child = await startChild("qemu-system-x86_64", argumentsOf(spec, drive, consoleFile));
  const qmp = new QmpClient(child);
  await qmp.execute("qmp_capabilities");
  return {
    untilSays: (text, withinMs) => untilSays(child, consoleFile, text, withinMs),
    dialsFrom: async () => sourcesIn(await qmp.execute("human-monitor-command", { "command-line": "info usernet" })),
    powerDown: async (withinMs) => {
      await qmp.execute("system_powerdown");
      await until("the guest to power down", () => !child.alive, withinMs);
    },
    [Symbol.asyncDispose]: async () => {
      await child.end("SIGKILL");
    },
  };
};

/** User-mode networking: the guest reaches this machine's loopback at 10.0.2.2, and its other addresses as they are. */
const argumentsOf = (
  { image, accelerator, machine }: GuestSpec,
  drive: string,
  consoleFile: string,
): readonly string[] =>
  [
    ["-machine", machine, "-accel", accelerator, "-cpu", "max", "-smp", "2", "-m", "1024"],
    ["-display", "none", "-no-reboot", "-qmp", "stdio", "-serial", `file:${consoleFile}`],
    ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk", "-device", "virtio-rng-pci"],
    ["-drive", `file=${image},if=none,id=disk,format=qcow2,snapshot=on`],
    ["-drive", `file=${drive},if=none,id=seed,format=raw,readonly=on`, "-device", "ide-cd,drive=seed"],
    ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"],
  ].flat();

/** Addresses of the guest in QEMU's table of the connections that its user-mode network carries. */
const sourcesIn = (table: unknown): readonly string[] => {
  const found = z
    .string()
    .parse(table)
    .matchAll(/TCP\[ESTABLISHED\]\s+\d+\s+(?<source>[\d.]+)\s/g);
  return [...new Set(Array.from(found, ({ groups }) => groups?.["source"] ?? ""))];
};

const writeDrive = async ({ dir, drive }: GuestSpec): Promise<string> => {
  const tree = join(dir, "drive");
  for (const [path, text] of Object.entries(drive)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text, { mode: 0o600 });
  }
  const iso = join(dir, "config-2.iso");
  await runTool("xorriso", ["-as", "mkisofs", "-quiet", "-J", "-R", "-V", "config-2", "-o", iso, tree]);
  return iso;
};

const untilSays = async (child: Child, file: string, text: string | RegExp, withinMs: number): Promise<string> => {
  const lines = async (): Promise<readonly string[]> =>
    stripVTControlCharacters(await readFile(file, "utf8")).split(/\r?\n/);
  const find = async (): Promise<string | undefined> =>
    (await lines()).find((line) => (typeof text === "string" ? line.includes(text) : text.test(line)));
  await until(`${String(text)} on the guest's console`, async () => !child.alive || (await find()), withinMs);

  const found = await find();
  if (found !== undefined) return found;
  throw new Error(`the guest ended before it said ${String(text)}: ${child.complaint()}`);
};
