import { ListPointsResponseSchema, PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { remarkText } from "../session/session-text.ts";
import { showAnswer } from "../show-answer.ts";
import { pointsTable } from "./point-text.ts";

interface ListOptions {
  readonly vm?: string;
  readonly repository?: string;
  readonly job?: string;
  readonly removed?: boolean;
}

/** `point list` */
export const pointList: CommandMaker = (context) =>
  verb("list", "List restore points, oldest first", [
    "point list --vm web-1",
    "point list --repository main -o json",
    "point list --removed",
  ])
    .option("--vm <vm>", "only this VM's")
    .option("--repository <repository>", "only this repository's")
    .option("--job <job>", "only this job's")
    .option("--removed", "also those that were removed and can still be brought back")
    .action(async (_options, command) => {
      const options = optionsOf<ListOptions>(command);
      const { vm = "", repository = "", job = "", removed: includeRemoved = false } = options;
      const request = { vm, repository, job, includeRemoved };
      const { remarks } = await showAnswer(context, options, {
        service: PointService,
        answer: ListPointsResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => collectBatches(ListPointsResponseSchema, client.listPoints(request, call)),
        text: ({ points }) => pointsTable(points),
      });
      for (const remark of remarks) context.note(remarkText(remark));
    });
