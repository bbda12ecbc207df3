import { PointService, UndeletePointResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

/** `point undelete` */
export const pointUndelete: CommandMaker = (context) =>
  verb("undelete <point>", "Bring back a removed point, while its repository still has it", [
    "point list --removed",
    "point undelete 7h2k9x0c2m1qa4b8d3e5",
  ]).action(async (pointId: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: PointService,
      answer: UndeletePointResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.undeletePoint({ pointId }, call),
      text: ({ point }) => `point ${pointId} is back: ${point?.health ?? ""}`,
    });
  });
