import { lookup } from "node:dns/promises";
import { type Socket, isIP } from "node:net";
import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { orAborted } from "../lifecycle/abort.ts";
import { mapBounded } from "../lifecycle/bounded.ts";
import { type ListenAddress, parseListenAddress } from "../rpc/listen-address.ts";
import { certificateFinding, overdueDays, soonDays } from "./certificate-finding.ts";
import { type Finding, toFinding } from "./finding.ts";
import { type LookingAs, lookAtServer } from "./look-at-server.ts";
import { openConnection, takeGreeting } from "./open-connection.ts";
import type { Target } from "./target.ts";

/** Who looks at targets, and until when. */
export interface Looking {
  readonly as: LookingAs | undefined;
  readonly clock: Clock;
  /** What has not answered when it aborts is found to be absent. */
  readonly signal: AbortSignal;
}

/** The longest that one step (a name, a connection, a handshake) may take. */
const stepMs = 5_000;
const atOnce = 16;

/** Looks at all targets, some at a time; the findings keep the order of the targets. Never fails for what it finds. */
export const examineTargets = async (targets: readonly Target[], looking: Looking): Promise<readonly Finding[]> =>
  (await mapBounded(targets, atOnce, (target) => examineTarget(target, looking))).flat();

/** Resolves, connects and looks at the certificate; what follows a step that failed is left out. */
export const examineTarget = async (target: Target, looking: Looking): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  try {
    const address = parseListenAddress(target.address);
    const name = await nameFinding(target, address, looking);
    if (name !== undefined) findings.push(name);
    if (name !== undefined && name.state !== "ok") return findings;
    await connectAndLook(target, address, { looking, findings });
  } catch (caught) {
    findings.push(absent(target, "connection", caught));
  }
  return findings;
};

const nameFinding = async (
  target: Target,
  address: ListenAddress,
  { clock, signal }: Looking,
): Promise<Finding | undefined> => {
  if (address.kind === "unix" || isIP(address.host) !== 0) return undefined;
  try {
    const bounded = AbortSignal.any([signal, clock.timeout(stepMs)]);
    const found = await orAborted(lookup(address.host, { all: true }), bounded);
    const message = `${address.host} is ${found.map((one) => one.address).join(", ")}`;
    return toFinding({ kind: "name", subject: target.subject, message });
  } catch (caught) {
    const advice = `let the name ${address.host} be resolved on this machine, by DNS or /etc/hosts`;
    return { ...absent(target, "name", caught), advice };
  }
};

interface Looked {
  readonly looking: Looking;
  readonly findings: Finding[];
}

const connectAndLook = async (target: Target, address: ListenAddress, looked: Looked): Promise<void> => {
  const { looking, findings } = looked;
  const { clock, signal } = looking;
  const startedMs = clock.monotonicMs();
  const socket = await openConnection(address, AbortSignal.any([signal, clock.timeout(stepMs)]));
  socket.on("error", () => undefined);
  try {
    const value = Math.ceil(clock.monotonicMs() - startedMs);
    const message = `${target.address} answers`;
    findings.push(toFinding({ kind: "connection", subject: target.subject, message, measured: { value, unit: "ms" } }));
    findings.push(await shownFinding(target, { socket, address, looking }));
  } finally {
    socket.destroy();
  }
};

const shownFinding = async (
  { subject, server, address: where }: Target,
  { socket, address, looking }: { socket: Socket; address: ListenAddress; looking: Looking },
): Promise<Finding> => {
  const what = { kind: "certificate", subject: `certificate of ${subject}` } as const;
  try {
    const bounded = AbortSignal.any([looking.signal, looking.clock.timeout(stepMs)]);
    if (server.kind === "peer" && server.role === "bus") await takeGreeting(socket, bounded);
    const host = address.kind === "tcp" ? address.host : "";
    const { certificate, objection } = await lookAtServer(socket, { server, host, as: looking.as }, bounded);
    const advice = "renew the certificate of that server";
    const nowMs = looking.clock.nowMs();
    const found = certificateFinding(
      { ...what, certificate, warnBelowDays: warnBelow(server, certificate), advice },
      nowMs,
    );
    if (objection === undefined || found.state === "error") return found;
    const doubt = "find out who answers there: it may be another server, or its certificate or authority was changed";
    return toFinding({ ...what, state: "error", message: `${where}: ${objection}`, advice: doubt });
  } catch (caught) {
    const advice = "see in the log of that server why it does no TLS with this machine";
    return toFinding({ ...what, state: "error", message: `${where}: ${wordsOf(caught)}`, advice });
  }
};

/** Certificates of members are short and renew themselves; those of an engine are renewed by people. */
const warnBelow = (server: Target["server"], certificate: Uint8Array): number =>
  server.kind === "engine" ? soonDays : overdueDays(certificate);

const absent = ({ subject, whenAbsent, advice, address }: Target, kind: "name" | "connection", caught: unknown) =>
  toFinding({ kind, subject, state: whenAbsent, message: `${address}: ${wordsOf(caught)}`, advice });

const wordsOf = (caught: unknown): string => {
  if (caught instanceof HoldfastError) return caught.message;
  if (!(caught instanceof Error)) return String(caught);
  if (caught.name === "AbortError" || caught.name === "TimeoutError") return "no answer in time";
  return caught.message === "" && "code" in caught ? String(caught.code) : caught.message;
};
