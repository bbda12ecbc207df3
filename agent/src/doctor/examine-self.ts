import type { Clock } from "@holdfast/shared/clock/clock";
import { type Check, toCheck } from "@holdfast/shared/doctor/check";
import { clockFinding, clockOffsetMs } from "@holdfast/shared/doctor/clock-finding";
import { examineProcess } from "@holdfast/shared/doctor/examine-process";
import { busTargets, controllerTargets } from "@holdfast/shared/doctor/own-targets";
import type { WrittenFolder } from "@holdfast/shared/doctor/space-finding";
import { fromTargetMessage } from "@holdfast/shared/doctor/target";
import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { retry } from "@holdfast/shared/retry/retry";
import type { Examiner } from "./examiner.ts";

/** What examining itself needs of an agent. */
export interface SelfDeps {
  readonly examiner: Examiner;
  readonly holder: Pick<IdentityHolder, "current">;
  readonly trust: Pick<TrustKeeper, "current">;
  readonly folders: readonly WrittenFolder[];
  /** Where the bus and the controller's API are dialled. */
  readonly busServers: readonly string[];
  readonly controllers: readonly string[];
  readonly clock: Clock;
}

/** Checks in one message: it fits also when every text is long. */
const checksInPart = 50;
/** What was found is told again when its answer was lost. */
const tellPolicy = { attempts: 5, firstMs: 200, maxMs: 2_000 };

/** Asks what is to be looked at, looks, and tells. The round trip of asking tells how far this machine's clock is off. */
export const examineSelf = async (deps: SelfDeps, examineId: string, signal: AbortSignal): Promise<void> => {
  const { examiner, clock, trust } = deps;
  const askedMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const { clockMs, targets, timeoutMs } = await examiner.begin(examineId, signal);
  const roundTripMs = clock.monotonicMs() - startedMs;
  // The controller's clock is ahead of ours by as much as ours is behind it.
  const aheadMs = -clockOffsetMs({ askedMs, roundTripMs, toldMs: Number(clockMs) });
  const bounded = AbortSignal.any([signal, clock.timeout(timeoutMs)]);
  const findings = await examineProcess(
    {
      identity: deps.holder.current,
      folders: deps.folders,
      targets: [
        ...controllerTargets(deps.controllers),
        ...busTargets(deps.busServers),
        ...targets.map(fromTargetMessage),
      ],
      clock,
    },
    bounded,
  );
  // The controller knows whom it asked.
  const who = { role: "agent", name: "" } as const;
  const checks = [clockFinding(aheadMs, roundTripMs), ...findings].map((finding) => toCheck(who, finding));
  for (const [part, some] of inParts(checks).entries()) {
    const isLast = (part + 1) * checksInPart >= checks.length;
    const found = { part, isLast, checks: some, trustNumber: trust.current.number };
    await retry(tellPolicy, signal, (each) => examiner.tell(examineId, found, each), { clock });
  }
};

const inParts = (checks: readonly Check[]): readonly (readonly Check[])[] =>
  Array.from({ length: Math.ceil(checks.length / checksInPart) }, (_none, part) =>
    checks.slice(part * checksInPart, (part + 1) * checksInPart),
  );
