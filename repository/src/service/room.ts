import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryStore } from "../store/repository-store.ts";

/** What the configuration says about room. */
export interface RoomSettings {
  readonly lowWaterBytes: number;
  readonly reserveBytes: number;
}

/** Whether there is room to store more: each file system involved must stay above the low-water mark. */
export class Room {
  readonly lowWaterBytes: number;
  /** Bytes kept for what frees room, beside the low-water mark. */
  readonly reserveBytes: number;
  readonly #store: Pick<RepositoryStore, "space">;

  constructor(store: Pick<RepositoryStore, "space">, { lowWaterBytes, reserveBytes }: RoomSettings) {
    this.#store = store;
    this.lowWaterBytes = lowWaterBytes;
    this.reserveBytes = reserveBytes;
  }

  /** Why uploads are refused; empty when they are not. */
  async refusal(): Promise<string> {
    const { objects, index } = await this.#store.space();
    if (objects.freeBytes < this.lowWaterBytes) return this.#inWords("packs", objects.freeBytes);
    return index.freeBytes < this.lowWaterBytes ? this.#inWords("the index", index.freeBytes) : "";
  }

  /** REPOSITORY_FULL below the low-water mark. */
  async check(): Promise<void> {
    const refusal = await this.refusal();
    if (refusal !== "") throw new HoldfastError("REPOSITORY_FULL", refusal);
  }

  #inWords(of: string, freeBytes: number): string {
    return `the file system of ${of} has ${freeBytes} bytes left, below the low-water mark of ${this.lowWaterBytes}`;
  }
}
