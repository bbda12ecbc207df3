import { DoctorService } from "@holdfast/proto/holdfast/controller/v1/doctor_pb";
import type { Examination } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { type Check, toCheck } from "@holdfast/shared/doctor/check";
import { clockFinding, clockOffsetMs } from "@holdfast/shared/doctor/clock-finding";
import { examineTargets } from "@holdfast/shared/doctor/examine-target";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import { authorityFinding } from "@holdfast/shared/doctor/identity-findings";
import { controllerTargets } from "@holdfast/shared/doctor/own-targets";
import { fromTargetMessage, type Target } from "@holdfast/shared/doctor/target";
import { versionFinding } from "@holdfast/shared/doctor/version-finding";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Trust } from "@holdfast/shared/identity/identity";
import { productVersion } from "@holdfast/shared/version/product-version";
import { controllerAddress, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { userCredentials } from "../credentials.ts";
import type { GlobalOptions } from "../output/output.ts";

/** What examining is told. */
export interface ExamineOptions extends GlobalOptions {
  /** Seconds that each process is given. */
  readonly timeout: number;
}

/** Beyond what each process is given: for asking the engines, and for the way back. */
const graceSeconds = 15;

/**
 * The checks of every process and of this machine. What this machine can find by itself it finds also when no controller answers, which
 * is a check like others. Rejects only when the user interrupts.
 */
export const examineInstallation = async (context: CliContext, options: ExamineOptions): Promise<readonly Check[]> => {
  const checks: Check[] = [];
  const own: Finding[] = [];
  const bounded = AbortSignal.any([context.signal, context.clock.timeout((options.timeout + graceSeconds) * 1_000)]);
  try {
    const { address, trust } = await findController(context, options);
    own.push(authorityFinding(trust.caPem, context.clock.nowMs()));
    const seen = await look(context, controllerTargets([address]), { trust, signal: bounded });
    context.signal.throwIfAborted();
    own.push(...seen);
    // Who does not answer a handshake, or is somebody else, answers no question either.
    if (seen.some(({ state }) => state === "error")) own.push(notAsked(address));
    else await askController(context, options, { trust, signal: bounded, checks, own });
  } catch (caught) {
    context.signal.throwIfAborted();
    own.push(failure(caught, options.timeout));
  }
  return [...checks, ...own.map((finding) => toCheck({ role: "cli", name: "" }, finding))];
};

const findController = async (
  context: CliContext,
  options: ExamineOptions,
): Promise<{ readonly address: string; readonly trust: Trust }> => {
  const address = controllerAddress(context, options.controller);
  const { trust } = await userCredentials(context, options, address);
  return { address, trust };
};

interface Asked {
  readonly trust: Trust;
  readonly signal: AbortSignal;
  /** What the processes found, in order of their answers. */
  readonly checks: Check[];
  /** What this machine found. */
  readonly own: Finding[];
}

/** Takes what comes, so that what came before a failure is kept. */
const askController = async (context: CliContext, options: ExamineOptions, asked: Asked): Promise<void> => {
  const { clock } = context;
  const looking: Promise<readonly Finding[]>[] = [];
  try {
    await withService(context, options, DoctorService, async (client) => {
      const askedMs = clock.nowMs();
      const startedMs = clock.monotonicMs();
      const call = { signal: asked.signal };
      for await (const { examination, checks } of client.examine({ timeoutSeconds: options.timeout }, call)) {
        asked.checks.push(...checks);
        if (examination === undefined) continue;
        const roundTripMs = clock.monotonicMs() - startedMs;
        asked.own.push(...comparisons(examination, { askedMs, roundTripMs }));
        looking.push(look(context, examination.targets.map(fromTargetMessage), asked));
      }
    });
  } finally {
    for (const found of looking) asked.own.push(...(await found));
  }
};

const comparisons = (
  { version, clockMs }: Examination,
  { askedMs, roundTripMs }: { readonly askedMs: number; readonly roundTripMs: number },
): readonly Finding[] => [
  versionFinding(productVersion, version),
  clockFinding(-clockOffsetMs({ askedMs, roundTripMs, toldMs: Number(clockMs) }), roundTripMs),
];

const look = (
  { clock }: CliContext,
  targets: readonly Target[],
  { trust, signal }: Pick<Asked, "trust" | "signal">,
): Promise<readonly Finding[]> => examineTargets(targets, { as: trust, clock, signal });

const notAsked = (address: string): Finding =>
  toFinding({
    kind: "answer",
    subject: "controller",
    state: "error",
    message: `the controller at ${address} could not be asked, so nothing is known of the other processes`,
    advice: "start the controller, or give its address with --controller; then look again",
  });

const failure = (caught: unknown, timeoutSeconds: number): Finding => {
  const { code, message } = HoldfastError.from(caught);
  const what = { kind: "answer", subject: "controller", state: "error" } as const;
  if (code === "TIMEOUT") {
    const late = `the controller did not tell everything within ${timeoutSeconds + graceSeconds} s; what it told is here`;
    return toFinding({ ...what, message: late, advice: "see in the controller's log, or give a longer --timeout" });
  }
  const advice = traitsOf(code).advice ?? "start the controller, or give its address with --controller";
  return toFinding({ ...what, message: `${code}: ${message}`, advice });
};
