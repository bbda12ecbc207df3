import { PointService, ProtectPointResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";
import { parseUntil } from "./parse-until.ts";

interface ProtectOptions {
  readonly until?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `point protect`: before a protection that nobody can lift it asks. */
export const pointProtect: CommandMaker = (context) =>
  verb(
    "protect <point>",
    "Protect a point from removal: until that is lifted, or until a time that nobody can shorten",
    [
      'point protect 7h2k9x0c2m1qa4b8d3e5 --reason "audit of 2026"',
      "point protect 7h2k9x0c2m1qa4b8d3e5 --until 2027-01-31",
      "point protect 7h2k9x0c2m1qa4b8d3e5 --until 30d --yes",
    ],
  )
    .option("--until <time>", "immutable until then, for everybody: 30d, 12h, 2027-01-31 or 2027-01-31T18:00Z")
    .option("--reason <text>", "why, kept with the point", "")
    .option("--yes", "do not ask before a protection that nobody can lift")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<ProtectOptions>(command);
      const untilMs = options.until === undefined ? 0 : parseUntil(options.until, context.clock.nowMs());
      if (untilMs !== 0 && options.yes !== true) await askBefore(context, pointId, untilMs);
      await showAnswer(context, options, {
        service: PointService,
        answer: ProtectPointResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) =>
          client.protectPoint({ pointId, untilMs: BigInt(untilMs), reason: options.reason ?? "" }, call),
        text: ({ point }) =>
          untilMs === 0
            ? `point ${pointId} is protected until that is lifted`
            : `point ${pointId} is immutable until ${timeText(point?.immutableUntilMs ?? 0n)}`,
      });
    });

const askBefore = async (context: CliContext, pointId: string, untilMs: number): Promise<void> => {
  const warning = `nobody can remove point ${pointId} before ${toIso(untilMs)}, and nobody can take that back`;
  if (context.ask === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", `${warning}: give --yes to do it without being asked`);
  const answer = await context.ask(`${warning}. Type yes to do it: `);
  if (answer.trim() !== "yes") throw new HoldfastError("CANCELLED", "nothing was changed");
};
