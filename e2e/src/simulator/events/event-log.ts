import type { Actor, Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../model/event.ts";

/** What is told in one event; time, index and correlation id are added. */
export interface Notice {
  readonly code: number;
  readonly description: string;
  readonly severity?: EngineEvent["severity"];
  readonly vmId?: string;
  readonly diskId?: string;
  readonly origin?: string;
  readonly customId?: number | undefined;
}

/** The engine's codes that the simulator writes. */
export const eventCodes = {
  userLoggedIn: 30,
  snapshotStarted: 45,
  snapshotDone: 68,
  snapshotFailed: 69,
  snapshotRemovalStarted: 342,
  snapshotRemoved: 356,
  snapshotRemovalFailed: 357,
  vmStarted: 153,
  vmDown: 61,
  vmPausedNoSpace: 138,
  vmPausedIo: 145,
  vmAdded: 34,
  vmRemoved: 113,
  diskAdded: 2021,
  diskRemoved: 2014,
  diskConversionFailed: 2025,
  diskAttachmentProblem: 2017,
  transferInitiated: 1031,
  transferSucceeded: 1032,
  transferCancelled: 1033,
  transferFailed: 1034,
  transferCancelledByTimeout: 1072,
  uploadPausedByTimeout: 1071,
  transferHostLost: 1064,
  noHostForTransfer: 1067,
  backupStarted: 10_790,
  incrementalFailed: 10_791,
  backupFailed: 10_792,
  backupSucceeded: 10_793,
  backupFinalized: 10_794,
  backupFinalizeFailed: 10_795,
  checkpointDeleted: 10_797,
  checkpointDeleteFailed: 10_798,
  snapshotLeftBehind: 10_813,
  freezeFailed: 10_764,
  freezeStarted: 10_766,
  freezeDone: 10_767,
} as const;

const kept = 2_000;

/** Adds an event; of more than 2,000 the oldest are dropped. */
export const noteEvent = (engine: Engine, actor: Actor, notice: Notice): EngineEvent => {
  const { events } = engine.world;
  const event: EngineEvent = {
    index: (events.at(-1)?.index ?? 0) + 1,
    code: notice.code,
    severity: notice.severity ?? "normal",
    timeMs: engine.clock.nowMs(),
    description: notice.description,
    origin: notice.origin ?? "oVirt",
    madeBy: actor.login,
    ...(actor.correlationId === undefined ? {} : { correlationId: actor.correlationId }),
    ...(notice.customId === undefined ? {} : { customId: notice.customId }),
    ...(notice.vmId === undefined ? {} : { vmId: notice.vmId }),
    ...(notice.diskId === undefined ? {} : { diskId: notice.diskId }),
  };
  // What somebody posts is no failure of the call that posts it.
  if (event.severity === "error" && notice.customId === undefined) engine.jobs.fail();
  events.push(event);
  if (events.length > kept) events.splice(0, events.length - kept);
  return event;
};
