import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Inventory } from "../hypervisor/inventory.ts";
import type { ManagerRecord, ManagerState } from "./manager.ts";

/** Whether a manager can be worked with, and why not. */
export interface ManagerCondition {
  readonly state: ManagerState;
  /** Empty while connected. */
  readonly reason: string;
}

/** What a connection works with. */
export interface ConnectionDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Keeps a refused login over restarts. */
  readonly onRefused: (reason: string) => Promise<void>;
}

/** The longest that reading an inventory may take. */
const readMs = 300_000;

/** One connected manager: its engine, what it had when it was last looked at, and whether it answers. */
export class ManagerConnection {
  readonly record: ManagerRecord;
  readonly hypervisor: Hypervisor;
  readonly #deps: ConnectionDeps;
  #condition: ManagerCondition;
  #inventory: Inventory | undefined;
  #inventoryMs = 0;
  #reading: Promise<Inventory> | undefined;

  constructor(record: ManagerRecord, hypervisor: Hypervisor, deps: ConnectionDeps) {
    this.record = record;
    this.hypervisor = hypervisor;
    this.#deps = deps;
    this.#condition =
      record.refusedReason === null
        ? { state: "unreachable", reason: "it was not asked yet" }
        : { state: "credentials-refused", reason: record.refusedReason };
  }

  get condition(): ManagerCondition {
    return this.#condition;
  }

  /** What it had at `inventoryMs`; undefined before the first look. */
  get inventory(): Inventory | undefined {
    return this.#inventory;
  }

  get inventoryMs(): number {
    return this.#inventoryMs;
  }

  /** Reads the inventory now; one reading serves all that ask meanwhile. */
  async refresh(signal: AbortSignal): Promise<Inventory> {
    if (this.#condition.state === "credentials-refused") {
      const message = `manager ${this.record.name}: ${this.#condition.reason}`;
      throw new HoldfastError("ENGINE_CREDENTIALS_REFUSED", message);
    }
    this.#reading ??= this.#read();
    return orAborted(this.#reading, signal);
  }

  /** Takes notice of what a call to the engine failed with, so that a refused login is kept at once (R14). */
  async note(caught: unknown): Promise<void> {
    const next = conditionOf(caught);
    // Refused once, every call repeats the first reason in other words.
    if (next === null || this.#condition.state === "credentials-refused") return;
    this.#become(next);
    if (next.state === "credentials-refused") await this.#deps.onRefused(next.reason);
  }

  async #read(): Promise<Inventory> {
    try {
      const found = await this.hypervisor.readInventory(this.#deps.clock.timeout(readMs));
      this.#inventory = found;
      this.#inventoryMs = this.#deps.clock.nowMs();
      this.#become({ state: "connected", reason: "" });
      return found;
    } catch (caught) {
      await this.note(caught);
      throw caught;
    } finally {
      this.#reading = undefined;
    }
  }

  #become(next: ManagerCondition): void {
    const { state: from } = this.#condition;
    this.#condition = next;
    if (next.state === from) return;
    this.#deps.log.info("manager moved", { manager: this.record.managerId, from, to: next.state, reason: next.reason });
  }
}

const conditionOf = (caught: unknown): ManagerCondition | null => {
  const reason = caught instanceof Error ? caught.message : String(caught);
  if (hasCode(caught, "ENGINE_CREDENTIALS_REFUSED")) return { state: "credentials-refused", reason };
  if (hasCode(caught, "MANAGER_REPLACED")) return { state: "replaced", reason };
  if (hasCode(caught, "ENGINE_UNTRUSTED")) return { state: "untrusted", reason };
  if (hasCode(caught, "ENGINE_UNREACHABLE")) return { state: "unreachable", reason };
  return null;
};
