import type { Clock } from "@holdfast/shared/clock/clock";
import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { decideMend, isDiskFault, type Mend } from "../disks/decide-mend.ts";
import type { Route } from "../disks/disk-reader.ts";
import type { DiskWish } from "../disks/disk-wish.ts";
import type { OpenDisk, OpenDiskById } from "../disks/open-disk.ts";
import { passedOverText, type PassedOver } from "../disks/passed-over.ts";
import type { Remark } from "./remark.ts";

/** What a ladder works with. */
export interface LadderDeps {
  readonly openById: OpenDiskById;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps one disk open through everything that may happen to its transfer and to the ways to it, for as long as the engine's
 * capture stays: a disk of another moment is never opened here, since the controller opens none after the capture ended.
 */
export class DiskLadder {
  readonly #diskId: string;
  readonly #deps: LadderDeps;
  readonly #broken = new Map<Route, string>();
  /** What was tried in vain at any opening. */
  readonly #failed = new Map<Route, PassedOver>();
  /** Better ways than the present one. */
  #passed: readonly PassedOver[] = [];
  #opened: OpenDisk | undefined;
  #transferId = "";
  #route: Route | undefined;
  #fruitless = 0;
  /** Transfers that took the place of another one, with why the first did. */
  #renewals = 0;
  #firstWords = "";
  /** The first of what happened since the disk was opened, or its transfer known. */
  #words = "";

  constructor(diskId: string, deps: LadderDeps) {
    this.#diskId = diskId;
    this.#deps = deps;
  }

  /** The disk as far as it is open. */
  get opened(): OpenDisk | undefined {
    return this.#opened;
  }

  /** The disk, opened when it is not. */
  async use(signal: AbortSignal): Promise<OpenDisk> {
    return this.#opened ?? (await this.#open(undefined, signal));
  }

  /** Opens the disk again after what happened to its readers, which are closed now; throws the fault when nothing may help. */
  async mend(fault: HoldfastError, signal: AbortSignal): Promise<OpenDisk> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.leave();
    return await this.#open(fault, signal);
  }

  /** Some of the disk was read. */
  progressed(): void {
    this.#fruitless = 0;
  }

  /** Why better ways than the present one were passed over; empty when none was. */
  get routeReason(): string {
    return passedOverText(this.#passed);
  }

  /** What was not planned, and was got over. */
  get remarks(): readonly Remark[] {
    const diskId = this.#diskId;
    const failed = [...this.#failed.values()];
    return [
      ...(this.#renewals === 0
        ? []
        : [
            {
              code: "TRANSFER_RENEWED" as const,
              message: `the transfer broke ${times(this.#renewals)}, first with: ${this.#firstWords}; the rest was read through a fresh one of the same capture`,
              diskId,
            },
          ]),
      ...(failed.length === 0
        ? []
        : [
            {
              code: "ROUTE_FELL_BACK" as const,
              message: `ways to the disk did not answer, or broke: ${passedOverText(failed)}; it was last read by route ${this.#route ?? "none"}`,
              diskId,
            },
          ]),
    ];
  }

  async close(succeeded: boolean): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close(succeeded);
  }

  async #open(fault: HoldfastError | undefined, signal: AbortSignal): Promise<OpenDisk> {
    let last = fault;
    for (;;) {
      const wish = last === undefined ? undefined : await this.#wishAfter(last, signal);
      try {
        return this.#take(await this.#deps.openById(this.#diskId, signal, wish));
      } catch (caught) {
        signal.throwIfAborted();
        if (!isDiskFault(caught)) throw caught;
        this.#follow(caught.details["transferId"]);
        this.#route = undefined;
        last = caught;
      }
    }
  }

  #take(opened: OpenDisk): OpenDisk {
    this.#opened = opened;
    this.#follow(opened.transferId);
    this.#words = "";
    this.#route = opened.route;
    this.#passed = opened.passedOver;
    for (const one of opened.passedOver) if (!one.isPlanned) this.#failed.set(one.route, one);
    return opened;
  }

  async #wishAfter(fault: HoldfastError, signal: AbortSignal): Promise<DiskWish> {
    const { clock, log } = this.#deps;
    const mend = decideMend({ fault, route: this.#route, fruitless: this.#fruitless });
    if (mend.kind === "give-up") throw fault;
    this.#fruitless += 1;
    log.warn("a disk broke in the middle and is opened again", {
      disk: this.#diskId,
      transfer: this.#transferId,
      isFresh: mend.isFresh,
      avoid: mend.avoid ?? "",
      err: fault,
    });
    this.#note(mend, fault);
    await clock.sleep(mend.restMs, signal);
    return { brokenTransferId: mend.isFresh ? this.#transferId : "", broken: this.#broken };
  }

  #note({ avoid }: Mend & { readonly kind: "again" }, { message }: HoldfastError): void {
    if (avoid !== undefined) this.#broken.set(avoid, message);
    if (this.#words === "") this.#words = message;
  }

  /** Takes a transfer for the present one: a renewal where there was another before. */
  #follow(transferId: unknown): void {
    if (typeof transferId !== "string" || transferId === "" || transferId === this.#transferId) return;
    if (this.#transferId !== "") {
      this.#renewals += 1;
      if (this.#firstWords === "") this.#firstWords = this.#words;
    }
    this.#words = "";
    this.#transferId = transferId;
  }
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
