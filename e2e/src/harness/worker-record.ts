import { SessionService, type Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { VmHistory } from "../simulator/model/vm-history.ts";
import type { Lab } from "./lab.ts";
import { describeSession } from "./operator.ts";
import { type Period, needlessPeriods, powerPeriods } from "./power-periods.ts";
import type { Story } from "./story.ts";
import { needsOf } from "./worker-needs.ts";

/** The lab's records of the VMs that a worker had, one after the other. */
export const recordsOf = async (lab: Lab, worker: string): Promise<readonly VmHistory[]> =>
  (await lab.control.vmHistories()).filter(({ name }) => name === worker);

/** The statuses that a worker's newest VM went through; empty when it never had one. */
export const pathOf = async (lab: Lab, worker: string): Promise<readonly string[]> =>
  (await recordsOf(lab, worker)).at(-1)?.changes.map(({ status }) => status) ?? [];

/** What a machine that is asked and loaded takes to go down, beyond the idle delay. */
const boundMs = 15_000;

/**
 * Fails when a worker's VM had power while no session or test needed it: by the lab's own record, of VMs that are gone too.
 * `sessions` needed it though they do not name it, such as one that was cancelled meanwhile.
 */
export const expectUpOnlyWhileNeeded = async (
  { installation, operator }: Pick<Story, "installation" | "operator">,
  lab: Lab,
  { worker, sessions = [] }: { readonly worker: string; readonly sessions?: readonly string[] },
): Promise<void> => {
  const listing = installation.api.service(SessionService).listSessions({ limit: 1_000 }, { timeoutMs: 60_000 });
  const listed = (await Array.fromAsync(listing)).flatMap((batch) => batch.sessions);
  const all = await Promise.all(listed.map(({ sessionId }) => operator.session(sessionId)));
  const nowMs = systemClock.nowMs();
  const needing = all.map((session) => ({
    session,
    needs: sessions.includes(session.sessionId) ? [wholeOf(session, nowMs)] : needsOf(session, worker, nowMs),
  }));
  const needs = needing.flatMap((one) => one.needs);
  const periods = (await recordsOf(lab, worker)).flatMap(powerPeriods);
  if (periods.length === 0) throw new Error(`${worker} never had power`);
  const needless = needlessPeriods(periods, needs, boundMs);
  if (needless.length === 0) return;
  throw new Error(
    `${worker} had power ${needless.map(describe).join(", ")}, and was needed ${needs.map(describe).join(", ")}:\n` +
      needing.flatMap(({ session, needs: its }) => (its.length === 0 ? [] : [describeSession(session)])).join("\n"),
  );
};

const wholeOf = ({ startedMs, endedMs }: Session, nowMs: number): Period => ({
  fromMs: Number(startedMs),
  toMs: endedMs === 0n ? nowMs : Number(endedMs),
});

const describe = ({ fromMs, toMs }: Period): string =>
  `from ${clockText(fromMs)} to ${Number.isFinite(toMs) ? clockText(toMs) : "now"}`;

const clockText = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
