import { rm, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import type { DurableFiles, WritableFile } from "../durable-files.ts";

/** One step of durable writing. */
export interface FileStep {
  readonly number: number;
  readonly step: "create" | "write" | "sync" | "link" | "unlink" | "makeDirectory" | "syncDirectory";
  readonly path: string;
}

/** What a test makes of a step: `torn` writes half of the bytes and then fails. */
export type StepFate = "pass" | "torn" | Error;

const systemError = (code: string): Error => Object.assign(new Error(`${code}: by a test`), { code });

/** An error as the system gives it. */
export const noSpace = (): Error => systemError("ENOSPC");
export const inputOutput = (): Error => systemError("EIO");

/**
 * Wraps files so that a test records every step, fails the one it chooses, tears a write, or stops the world there: from then
 * on nothing takes effect. `losePower` takes away what was not synced.
 */
export class ObservedFiles implements DurableFiles {
  readonly steps: FileStep[] = [];
  readonly #files: DurableFiles;
  readonly #decide: (step: FileStep) => StepFate;
  readonly #unsyncedFiles = new Set<string>();
  readonly #unsyncedEntries = new Map<string, Set<string>>();
  #stopped = false;

  constructor(files: DurableFiles, decide: (step: FileStep) => StepFate = () => "pass") {
    this.#files = files;
    this.#decide = decide;
  }

  /** From now on every step fails without doing anything, as after the death of the process. */
  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** What a power failure leaves: contents and entries that were never synced are gone. */
  async losePower(): Promise<void> {
    this.stop();
    for (const path of this.#unsyncedFiles) await truncate(path, 0).catch(() => undefined);
    for (const entries of this.#unsyncedEntries.values()) {
      for (const path of entries) await rm(path, { recursive: true, force: true });
    }
  }

  async create(path: string): Promise<WritableFile> {
    this.#pass("create", path);
    const file = await this.#files.create(path);
    this.#unsyncedFiles.add(path);
    this.#enter(path);
    return {
      write: async (parts) => {
        const fate = this.#fateOf("write", path);
        if (fate === "torn") await file.write([Buffer.concat(parts).subarray(0, Buffer.concat(parts).byteLength / 2)]);
        if (fate !== "pass") throw fate === "torn" ? inputOutput() : fate;
        await file.write(parts);
      },
      sync: async () => {
        this.#pass("sync", path);
        await file.sync();
        this.#unsyncedFiles.delete(path);
      },
      close: async () => {
        await file.close();
      },
    };
  }

  async link(from: string, to: string): Promise<void> {
    this.#pass("link", to);
    await this.#files.link(from, to);
    this.#enter(to);
  }

  async unlink(path: string): Promise<void> {
    this.#pass("unlink", path);
    await this.#files.unlink(path);
    this.#unsyncedFiles.delete(path);
    this.#unsyncedEntries.get(dirname(path))?.delete(path);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#pass("makeDirectory", path);
    await this.#files.makeDirectory(path);
    this.#enter(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#pass("syncDirectory", path);
    await this.#files.syncDirectory(path);
    this.#unsyncedEntries.delete(path);
  }

  #enter(path: string): void {
    const entries = this.#unsyncedEntries.get(dirname(path)) ?? new Set();
    this.#unsyncedEntries.set(dirname(path), entries.add(path));
  }

  #pass(step: FileStep["step"], path: string): void {
    const fate = this.#fateOf(step, path);
    if (fate !== "pass") throw fate === "torn" ? inputOutput() : fate;
  }

  #fateOf(step: FileStep["step"], path: string): StepFate {
    if (this.#stopped) return inputOutput();
    const taken: FileStep = { number: this.steps.length, step, path };
    this.steps.push(taken);
    return this.#decide(taken);
  }
}
