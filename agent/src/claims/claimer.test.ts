import { create } from "@bufbuild/protobuf";
import { AttemptSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, test } from "vitest";
import { Claimer } from "./claimer.ts";
import type { Controller } from "./controller.ts";
import { Nudge } from "./nudge.ts";
import { ProgressBoard } from "./progress-board.ts";
import type { RunningAttempt } from "./run-attempt.ts";

test("a claim that is answered by the attempt just taken does not keep the next slot empty", async () => {
  const first = create(AttemptSchema, { attemptId: "first" });
  const second = create(AttemptSchema, { attemptId: "second" });
  const answers = [first, first, second];
  const clock = createFakeClock();
  const started: string[] = [];
  const stopping = new AbortController();
  const claimer = new Claimer({
    controller: { claim: () => Promise.resolve(answers.shift()) } as Partial<Controller> as Controller,
    slots: 2,
    clock,
    log: silentLogger,
    start: (attempt) => {
      started.push(attempt.attemptId);
      const done = new Promise<void>(() => undefined);
      return {
        attempt,
        done,
        board: new ProgressBoard(),
        nudge: new Nudge(),
      } as Partial<RunningAttempt> as RunningAttempt;
    },
  });
  claimer.setWilling(true);
  const claiming = claimer.claim(stopping.signal);
  await clock.advance(1_000);
  stopping.abort();
  await claiming;
  expect(started).toEqual(["first", "second"]);
});
