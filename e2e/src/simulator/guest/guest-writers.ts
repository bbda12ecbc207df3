import type { Engine } from "../engine/engine.ts";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type GuestWrite, GuestWriter } from "../storage/guest-writer.ts";

/** How a VM's guest is to write. */
export interface WriterRequest {
  readonly seed: number;
  readonly pauseMs: number;
  /** One disk; all plugged disks when absent. */
  readonly diskId?: string | undefined;
  readonly maxLengthBytes?: number | undefined;
}

/** A phase of a backup among the writes of one disk: writes with a larger `beganAt` fell after it. */
export interface WriterMark {
  readonly backupId: string;
  readonly phase: string;
  readonly moment: number;
}

/** A part of the disk that imageio read for a client, among the writes. */
export interface WriterRead {
  readonly offset: number;
  readonly length: number;
  readonly moment: number;
}

/** Reads that one log keeps; later ones are not told. */
const maxReads = 20_000;

/** What a guest did to one disk. */
export interface WriterLog {
  readonly diskId: string;
  readonly writes: readonly GuestWrite[];
  readonly marks: readonly WriterMark[];
  readonly reads: readonly WriterRead[];
  /** Why it ended by itself, such as the VM's power being cut. */
  readonly failure?: string;
}

/** Guests that write at random to the disks of running VMs; one per VM. */
export interface GuestWriters extends AsyncDisposable {
  start(vmId: string, request: WriterRequest): void;
  read(vmId: string): readonly WriterLog[];
  /** Stops the VM's guest and answers what it did; it can be started again. */
  stop(vmId: string): Promise<readonly WriterLog[]>;
}

interface DiskWriter {
  readonly diskId: string;
  readonly writer: GuestWriter;
  readonly marks: WriterMark[];
  readonly reads: WriterRead[];
  failure?: string;
}

interface Guest {
  readonly disks: readonly DiskWriter[];
  readonly abort: AbortController;
  readonly done: Promise<unknown>;
}

const toLog = ({ diskId, writer, marks, reads, failure }: DiskWriter): WriterLog => ({
  diskId,
  writes: [...writer.writes],
  marks,
  reads,
  ...(failure === undefined ? {} : { failure }),
});

const runDisk = async (disk: DiskWriter, signal: AbortSignal): Promise<void> => {
  try {
    await disk.writer.run(signal);
  } catch (caught) {
    disk.failure = caught instanceof Error ? caught.message : String(caught);
  } finally {
    await disk.writer[Symbol.asyncDispose]();
  }
};

const chosenDisks = (engine: Engine, vmId: string, request: WriterRequest): readonly string[] => {
  const attached = engine.world.vms.get(vmId)?.attachments.filter((one) => one.active) ?? [];
  const ids = attached.map((one) => one.diskId).filter((id) => request.diskId === undefined || id === request.diskId);
  if (ids.length === 0) throw new HoldfastError("NOT_FOUND", `VM ${vmId} has no such disk`);
  return ids;
};

/** Opens the guests of an engine; marks of backups are put into their logs. */
export const openGuestWriters = (engine: Engine): GuestWriters => {
  const guests = new Map<string, Guest>();
  engine.hooks.phaseObservers.add((vmId, backupId, phase) => {
    for (const { writer, marks } of guests.get(vmId)?.disks ?? [])
      marks.push({ backupId, phase, moment: writer.mark() });
  });
  engine.hooks.readObservers.add((diskId, range) => {
    for (const { disks } of guests.values()) {
      const disk = disks.find((one) => one.diskId === diskId);
      if (disk !== undefined && disk.reads.length < maxReads) disk.reads.push({ ...range, moment: disk.writer.mark() });
    }
  });
  const stop = async (vmId: string): Promise<readonly WriterLog[]> => {
    const guest = guests.get(vmId);
    if (guest === undefined) throw new HoldfastError("NOT_FOUND", `no guest of VM ${vmId} writes`);
    guests.delete(vmId);
    guest.abort.abort();
    await guest.done;
    return guest.disks.map(toLog);
  };
  return {
    start: (vmId, request) => {
      if (guests.has(vmId)) throw new HoldfastError("ALREADY_EXISTS", `the guest of VM ${vmId} writes already`);
      if (!engine.storage.isRunning(vmId)) throw new HoldfastError("FAILED_PRECONDITION", `VM ${vmId} does not run`);
      const disks = chosenDisks(engine, vmId, request).map((diskId, index): DiskWriter => ({
        diskId,
        marks: [],
        reads: [],
        writer: new GuestWriter({
          address: () => engine.storage.guestAddress(vmId, diskId),
          seed: request.seed + index,
          clock: engine.clock,
          pauseMs: request.pauseMs,
          ...(request.maxLengthBytes === undefined ? {} : { maxLengthBytes: request.maxLengthBytes }),
        }),
      }));
      const abort = new AbortController();
      guests.set(vmId, { disks, abort, done: Promise.all(disks.map((disk) => runDisk(disk, abort.signal))) });
    },
    read: (vmId) => (guests.get(vmId)?.disks ?? []).map(toLog),
    stop,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...guests.keys()].map(stop));
    },
  };
};
