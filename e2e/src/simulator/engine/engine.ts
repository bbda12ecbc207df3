import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";

import type { Delays, SimulatorConfig } from "../config/schema.ts";
import type { EngineHooks } from "../faults/engine-hooks.ts";
import type { GuestPrograms } from "../guest/guest-programs.ts";
import type { ImageioDaemon } from "../imageio/tickets.ts";
import type { World } from "../model/world.ts";
import type { BlockLayer } from "../storage/block-layer.ts";
import type { Background } from "./background.ts";
import type { Jobs } from "./jobs.ts";
import type { VmTurns } from "./vm-turns.ts";

/** The imageio daemons: one per host, and the proxy beside the engine when it is enabled. */
export interface ImageioDaemons {
  readonly hosts: ReadonlyMap<string, ImageioDaemon>;
  readonly proxy?: ImageioDaemon;
}

/** What a ticket was given for. */
export interface TicketEntry {
  readonly hostId: string;
  readonly transferId: string;
  readonly diskId: string;
  readonly direction: "upload" | "download";
  readonly backupId?: string;
  readonly correlationId?: string;
}

/** What every rule of the engine works with. */
export interface Engine {
  readonly config: SimulatorConfig;
  /** Keeps everything from one run to the next. */
  readonly stateDir: string;
  readonly world: World;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly storage: BlockLayer;
  readonly imageio: ImageioDaemons;
  readonly background: Background;
  readonly jobs: Jobs;
  /** What is under way for each VM: the latest step wins. */
  readonly turns: VmTurns;
  readonly guestPrograms: GuestPrograms;
  readonly hooks: EngineHooks;
  /** What each ticket of this run was for; tickets are forgotten by imageio, not here. */
  readonly ledger: Map<string, TicketEntry>;
  /** Writes the world to the state directory: called after every step that changed it. */
  save(): void;
}

/** On whose behalf something happens: stands in events and on what was made. */
export interface Actor {
  /** `user@profile`, or `lab` for the control endpoint and the configuration. */
  readonly login: string;
  readonly correlationId?: string | undefined;
}

/** The lab itself: what it makes counts as the user's. */
export const labActor: Actor = { login: "lab" };

/** Waits as long as this kind of step is configured to take; with 0 the next turn of the event loop. */
export const pause = async (
  engine: Engine,
  kind: keyof Delays,
  signal: AbortSignal = engine.background.signal,
): Promise<void> => {
  await engine.clock.sleep(engine.config.delays[kind], signal);
};
