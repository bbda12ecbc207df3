import {
  type CopyPointsResponse,
  CopyPointsResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { parseSince } from "../point/parse-until.ts";
import { watchToEnd } from "../session/watch.ts";

interface CopyOptions {
  readonly vm?: readonly string[];
  readonly job?: readonly string[];
  readonly since?: string;
  readonly latest?: string;
  readonly codec?: string;
  readonly wait?: boolean;
  readonly requestId?: string;
}

/** `repository copy` */
export const repositoryCopy: CommandMaker = (context) =>
  verb(
    "copy <source> <target>",
    "Copy restore points into another repository; those that are there already are left out",
    [
      "repository copy main offsite --wait",
      "repository copy main offsite --vm web-1 --vm db-1 --latest 3",
      "repository copy main offsite --job nightly --since 30d",
    ],
  )
    .addOption(listOption("--vm <vm>", "only points of this VM (repeatable)"))
    .addOption(listOption("--job <job>", "only points of this job (repeatable)"))
    .option("--since <time>", "only points that were taken since: 30d, 12h, 2027-01-31 or 2027-01-31T18:00Z")
    .option("--latest <number>", "of each VM only the newest so many")
    .option("--codec <codec>", "zstd or lz4, where chunks have to be encoded anew")
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (source: string, target: string, _options, command) => {
      const options = optionsOf<CopyOptions>(command);
      const request = {
        source,
        target,
        vms: [...(options.vm ?? [])],
        jobs: [...(options.job ?? [])],
        sinceMs: options.since === undefined ? 0n : BigInt(parseSince(options.since, context.clock.nowMs())),
        latest: latestOf(options.latest),
        codec: options.codec ?? "",
        requestId: options.requestId ?? randomName(16),
      };
      const answer = await withService(context, options, RepositoryRegistryService, (client) =>
        client.copyPoints(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      if (options.wait === true) return await watchToEnd(context, options, answer.sessionId);
      emit(context, options, { schema: CopyPointsResponseSchema, message: answer, table: () => startedText(answer) });
    });

const startedText = ({ sessionId, points, skipped }: CopyPointsResponse): string =>
  `session ${sessionId} started: ${points} points to copy${skipped === 0 ? "" : `, ${skipped} need no copy`}`;

const latestOf = (text: string | undefined): number => {
  if (text === undefined) return 0;
  const latest = Number(text);
  if (Number.isSafeInteger(latest) && latest > 0 && latest <= 100_000) return latest;
  throw new HoldfastError("INVALID_ARGUMENT", `--latest ${text} is no number of points`);
};
