import { WakeSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { toAgentSubject } from "@holdfast/shared/bus/subjects";
import { busSubscribe } from "@holdfast/shared/bus/typed";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import type { Logger } from "@holdfast/shared/logging/logger";
import { examineSelf, type SelfDeps } from "./examine-self.ts";

/** What serving examinations needs. */
export interface ExaminationsDeps extends SelfDeps {
  readonly bus: Bus;
  readonly agentId: string;
  readonly log: Logger;
}

/** Examinations under way at once; a wake-up beyond that is let go, and comes again. */
const mostAtOnce = 4;

/** Examines this agent whenever the controller wakes it for that, until the signal aborts. Nothing of it fails the agent. */
export const serveExaminations = async (deps: ExaminationsDeps, signal: AbortSignal): Promise<void> => {
  const { bus, agentId, log } = deps;
  const underWay = new Map<string, Promise<void>>();
  const wakes = await busSubscribe(bus, toAgentSubject(agentId), WakeSchema, log);
  const unlink = onAbort(signal, () => void wakes[Symbol.asyncDispose]());
  for await (const { examineId } of wakes) {
    // Wake-ups are repeated until they were heard.
    if (examineId === "" || underWay.has(examineId) || underWay.size >= mostAtOnce) continue;
    const examining = examineSelf(deps, examineId, signal)
      .catch((caught: unknown) => {
        if (!signal.aborted) log.warn("an examination failed", { examineId, err: caught });
      })
      .finally(() => underWay.delete(examineId));
    underWay.set(examineId, examining);
  }
  unlink();
  await Promise.all(underWay.values());
};
