import { PointService, UnprotectPointResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `point unprotect` */
export const pointUnprotect: CommandMaker = (context) =>
  verb("unprotect <point>", "Lift the protection of a point; what is immutable stays so", [
    "point unprotect 7h2k9x0c2m1qa4b8d3e5",
  ]).action(async (pointId: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: PointService,
      answer: UnprotectPointResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.unprotectPoint({ pointId }, call),
      text: ({ point }) => {
        const untilMs = point?.immutableUntilMs ?? 0n;
        const lifted = `point ${pointId} is not protected any more`;
        const isImmutable = Number(untilMs) > context.clock.nowMs();
        return isImmutable ? `${lifted}, and stays immutable until ${timeText(untilMs)}` : lifted;
      },
    });
  });
