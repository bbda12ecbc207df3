import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Child } from "./child.ts";

const messageSchema = z.object({
  QMP: z.unknown().optional(),
  event: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  id: z.number().optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
});

/** Something that QEMU tells by itself. */
export interface QmpEvent {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Watcher {
  readonly wanted: (event: QmpEvent) => boolean;
  readonly resolve: (event: QmpEvent) => void;
  readonly reject: (error: unknown) => void;
}

/** QEMU's machine protocol over a child's standard input and output (`--chardev stdio`). */
export class QmpClient {
  readonly #child: Child;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Set<Watcher>();
  #ids = 0;
  #gone: HoldfastError | undefined;

  constructor(child: Child) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#take(line);
    });
    void child.exited.then(() => this.#failAll());
  }

  /** Runs one command; IO_FAILED with QEMU's words when it refuses or is gone. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#gone) return Promise.reject(this.#gone);
    this.#ids += 1;
    const id = this.#ids;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { command, resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** The next event that is wanted. Ask before the command that causes it. */
  next(wanted: (event: QmpEvent) => boolean): Promise<QmpEvent> {
    if (this.#gone) return Promise.reject(this.#gone);
    const event = new Promise<QmpEvent>((resolve, reject) => {
      this.#watchers.add({ wanted, resolve, reject });
    });
    // The command that causes it may fail first; then nobody waits for this.
    event.catch(() => undefined);
    return event;
  }

  #take(line: string): void {
    const message = messageSchema.parse(JSON.parse(line));
    if (message.event !== undefined) {
      this.#tell({ name: message.event, fields: message.data ?? {} });
      return;
    }
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.id === undefined || !waiting) return;
    this.#waiting.delete(message.id);
    if (!message.error) waiting.resolve(message.return);
    else waiting.reject(new HoldfastError("IO_FAILED", `QEMU refused ${waiting.command}: ${message.error.desc}`));
  }

  #tell(event: QmpEvent): void {
    for (const watcher of this.#watchers) {
      if (!watcher.wanted(event)) continue;
      this.#watchers.delete(watcher);
      watcher.resolve(event);
    }
  }

  #failAll(): void {
    const reason = this.#child.complaint() || "it ended";
    this.#gone = new HoldfastError("IO_FAILED", `${this.#child.program} is gone: ${reason}`);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    for (const { reject } of this.#watchers) reject(this.#gone);
    this.#waiting.clear();
    this.#watchers.clear();
  }
}
