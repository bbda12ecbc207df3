import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { openNbd } from "@holdfast/shared/nbd/connection";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { rm } from "node:fs/promises";
import type { VolumeExport } from "./block-layer.ts";
import { type Child, startChild } from "./child.ts";
import { driverOf, type VolumeFile } from "./volume-store.ts";

/** What a `qemu-nbd` serves. */
export interface NbdService {
  readonly file: VolumeFile;
  readonly socketPath: string;
  readonly writable: boolean;
  /** Serves one layer without what backs it. */
  readonly shallow?: boolean;
  readonly bitmap?: string;
}

/** Connections at a time, as on a real host; the ninth client waits until one leaves. */
const maxClients = 8;
const startDeadlineMs = 20_000;

/** Starts a `qemu-nbd` and waits until it answers. Disposing of the export ends it. CAPTURE_FAILED with its words if it does not. */
export const startQemuNbd = async (service: NbdService, clock: Clock): Promise<VolumeExport> => {
  const address: NbdAddress = { socketPath: service.socketPath, exportName: "" };
  const child = await startChild("qemu-nbd", toArguments(service));
  child.stdin.end();
  try {
    const sizeBytes = await askSize(child, address, clock);
    return {
      address,
      sizeBytes,
      ...(service.bitmap === undefined ? {} : { bitmap: service.bitmap }),
      [Symbol.asyncDispose]: async () => {
        await child.end();
        await rm(service.socketPath, { force: true });
      },
    };
  } catch (caught) {
    await child.end("SIGKILL");
    const words = child.complaint();
    throw new HoldfastError("CAPTURE_FAILED", `cannot serve volume ${service.file.volumeId}: ${words}`, {
      cause: caught,
    });
  }
};

const toArguments = (service: NbdService): readonly string[] => {
  const { file, bitmap } = service;
  const access = service.writable ? ["--discard=unmap", "--detect-zeroes=unmap"] : ["--read-only"];
  const tracking = bitmap === undefined ? [] : [`--bitmap=${bitmap}`];
  const depth = file.format === "cow" ? ["--allocation-depth"] : [];
  return [
    "--persistent",
    `--shared=${maxClients}`,
    `--socket=${service.socketPath}`,
    ...access,
    ...depth,
    ...tracking,
    ...toImage(service),
  ];
};

const toImage = ({ file, shallow }: NbdService): readonly string[] => {
  const driver = driverOf(file.format);
  if (!shallow || file.format === "raw") return [`--format=${driver}`, file.path];
  return [`json:${JSON.stringify({ driver, file: { driver: "file", filename: file.path }, backing: null })}`];
};

/** Asks until there is an answer, the process is gone or the time is up. */
const askSize = async (child: Child, address: NbdAddress, clock: Clock): Promise<number> => {
  const deadline = clock.timeout(startDeadlineMs);
  for (;;) {
    try {
      await using connection = await openNbd(address, { signal: deadline });
      return connection.sizeBytes;
    } catch (caught) {
      if (!child.alive || deadline.aborted || !hasCode(caught, "UNAVAILABLE")) throw caught;
      await Promise.race([clock.sleep(5), child.exited]);
    }
  }
};
