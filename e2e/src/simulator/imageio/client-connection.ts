import type { Clock } from "@holdfast/shared/clock/clock";
import { type NbdConnection, openNbd } from "@holdfast/shared/nbd/connection";
import type { Socket } from "node:net";
import { Serial } from "../storage/serial.ts";
import type { Ticket, TicketUser } from "./ticket.ts";

/** Seconds that a connection may idle before its first authorised request. */
const anonymousIdleSeconds = 60;
/** Bodies go through two buffers of this size: one is filled while the other is emptied. */
export const bufferBytes = 2 * 1024 * 1024;

/**
 * One HTTP connection of a client: the volumes that it holds open (each by an NBD connection of its own, from first use until
 * the HTTP connection is closed), its two buffers, and its idle timer. Requests on it are served one after the other.
 */
export class ClientConnection implements TicketUser {
  readonly socket: Socket;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #serial = new Serial();
  readonly #volumes = new Map<Ticket, Promise<NbdConnection>>();
  readonly #closing: (() => Promise<void>)[] = [];
  #buffers: readonly [Buffer, Buffer] | undefined;
  #idleSeconds = anonymousIdleSeconds;
  #stopTimer: () => void = () => undefined;

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket;
    this.#clock = clock;
    this.signal = this.#abort.signal;
    this.#startTimer();
    socket.once("close", () => {
      this.#stopTimer();
      this.#abort.abort();
      void this.#release();
    });
  }

  /** Two buffers, made at first use. */
  get buffers(): readonly [Buffer, Buffer] {
    this.#buffers ??= [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)];
    return this.#buffers;
  }

  /** Serves a request when those before it are served; the idle timer rests meanwhile. */
  serve(work: () => Promise<void>): Promise<void> {
    return this.#serial.run(async () => {
      this.#stopTimer();
      try {
        await work();
      } finally {
        this.#startTimer();
      }
    });
  }

  /** From now on the ticket says how long the connection may idle; 0 is for ever. */
  authorized(ticket: Ticket): void {
    this.#idleSeconds = ticket.spec.inactivityTimeoutSeconds;
  }

  cut(): void {
    this.socket.destroy();
  }

  /**
   * The volume of an NBD ticket. A volume whose server died stays as it is, so every further request on this connection fails;
   * one that could not be opened is tried anew.
   */
  volume(ticket: Ticket, open: () => Promise<NbdConnection>): Promise<NbdConnection> {
    const known = this.#volumes.get(ticket);
    if (known) return known;
    const opening = this.#enter(ticket, open);
    this.#volumes.set(ticket, opening);
    opening.catch(() => this.#volumes.delete(ticket));
    return opening;
  }

  /** Ends what the connection and the ticket end, whichever comes first. */
  signalFor(ticket: Ticket): AbortSignal {
    return AbortSignal.any([this.signal, ticket.signal]);
  }

  async #enter(ticket: Ticket, open: () => Promise<NbdConnection>): Promise<NbdConnection> {
    const leave = await ticket.enter(this, this.signalFor(ticket));
    try {
      const volume = await open();
      this.#closing.push(async () => {
        await volume[Symbol.asyncDispose]();
        leave();
      });
      if (this.signal.aborted) await this.#release();
      return volume;
    } catch (caught) {
      leave();
      throw caught;
    }
  }

  async #release(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()));
  }

  #startTimer(): void {
    this.#stopTimer();
    if (this.#idleSeconds > 0 && !this.signal.aborted) {
      this.#stopTimer = this.#clock.after(this.#idleSeconds * 1000, () => this.cut());
    }
  }
}

/** Opens the NBD export of a ticket with the meta contexts that extents need. */
export const openVolume = async (ticket: Ticket, signal: AbortSignal): Promise<NbdConnection> => {
  const { target } = ticket.spec;
  if (target.kind !== "nbd") throw new TypeError("only a proxy serves a ticket of another daemon");
  return openNbd(target.address, {
    signal,
    contexts: (offered) => offered.filter((name) => wantedContext(name, ticket)),
  });
};

const wantedContext = (name: string, ticket: Ticket): boolean =>
  name === "base:allocation" ||
  name === "qemu:allocation-depth" ||
  (ticket.spec.dirty && name.startsWith("qemu:dirty-bitmap:"));
