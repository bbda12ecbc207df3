import {
  ListPointsResponseSchema,
  type Point,
  PointService,
  RemovePointResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { type GlobalOptions } from "../output/output.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

interface RemoveOptions {
  readonly belowFloor?: boolean;
  readonly yes?: boolean;
}

/** `point remove`: before the last good point of a VM it asks for the VM's name. */
export const pointRemove: CommandMaker = (context) =>
  verb("remove <point>", "Mark a point deleted in its repository", [
    "point remove 7h2k9x0c2m1qa4b8d3e5",
    "point remove 7h2k9x0c2m1qa4b8d3e5 --below-floor",
  ])
    .option("--below-floor", "also when fewer good points of the VM than the floor would stay")
    .option("--yes", "do not ask before the last good point of a VM")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<RemoveOptions>(command);
      if (options.belowFloor === true && options.yes !== true) await askBeforeLast(context, options, pointId);
      await showAnswer(context, options, {
        service: PointService,
        answer: RemovePointResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.removePoint({ pointId, belowFloor: options.belowFloor ?? false }, call),
        text: ({ point }) => removedText(pointId, point),
      });
    });

const removedText = (pointId: string, point: Point | undefined): string => {
  const { undeleteUntilMs = 0n, health = "" } = point ?? {};
  if (health === "gone") return `point ${pointId} is gone`;
  const until = undeleteUntilMs === 0n ? "" : ` until ${timeText(undeleteUntilMs)}`;
  return `point ${pointId} is marked deleted; point undelete brings it back${until}`;
};

const askBeforeLast = async (context: CliContext, options: GlobalOptions, pointId: string): Promise<void> => {
  const call = { signal: context.signal, timeoutMs: slowCallMs };
  const { point, good } = await withService(context, options, PointService, async (client) => {
    const point = (await client.getPoint({ pointId }, call)).point;
    const wanted = { vm: point?.vmId ?? "", repository: point?.repositoryId ?? "" };
    const listed = await collectBatches(ListPointsResponseSchema, client.listPoints(wanted, call));
    return { point, good: listed.points.filter((one) => one.health === "good") };
  });
  if (point === undefined || good.length > 1 || good[0]?.pointId !== pointId) return;

  const refusal = `it is the last good point of ${point.vmName} in ${point.repositoryName}`;
  if (context.ask === undefined)
    throw new HoldfastError("BELOW_FLOOR", `${refusal}: give --yes to remove it without being asked`);
  const answer = await context.ask(`${refusal}. Type the VM's name to remove it: `);
  if (answer.trim() !== point.vmName)
    throw new HoldfastError("CANCELLED", "the name was not given; nothing was removed");
};
