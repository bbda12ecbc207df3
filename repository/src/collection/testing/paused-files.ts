import type { DurableFiles, WritableFile } from "../../store/durable-files.ts";

/** Files of a process that falls asleep before one step of writing, in the middle of whatever it does, and wakes when told. */
export class PausedFiles implements DurableFiles {
  readonly #files: DurableFiles;
  readonly #at: number;
  readonly #asleep = Promise.withResolvers<void>();
  readonly #woken = Promise.withResolvers<void>();
  #steps = 0;

  /** Sleeps before the step of that number, from 0. */
  constructor(files: DurableFiles, at: number) {
    this.#files = files;
    this.#at = at;
  }

  /** Steps that were begun. */
  get steps(): number {
    return this.#steps;
  }

  /** Resolves when it sleeps. */
  get asleep(): Promise<void> {
    return this.#asleep.promise;
  }

  wake(): void {
    this.#woken.resolve();
  }

  async create(path: string): Promise<WritableFile> {
    await this.#step();
    const file = await this.#files.create(path);
    return {
      write: async (parts) => {
        await this.#step();
        await file.write(parts);
      },
      sync: async () => {
        await this.#step();
        await file.sync();
      },
      close: () => file.close(),
    };
  }

  async link(from: string, to: string): Promise<void> {
    await this.#step();
    await this.#files.link(from, to);
  }

  async unlink(path: string): Promise<void> {
    await this.#step();
    await this.#files.unlink(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#step();
    await this.#files.makeDirectory(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#step();
    await this.#files.syncDirectory(path);
  }

  async #step(): Promise<void> {
    const number = this.#steps;
    this.#steps += 1;
    if (number !== this.#at) return;
    this.#asleep.resolve();
    await this.#woken.promise;
  }
}
