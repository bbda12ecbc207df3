import { create } from "@bufbuild/protobuf";
import {
  type GetStatisticsResponse,
  GetStatisticsResponseSchema,
  RepositoryRegistryService,
  type RepositoryStatistics,
  type VmStatistics,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { emit, factsText, tableText } from "../output/output.ts";
import { bytesText, timeText } from "../output/units.ts";

/** `repository stats` */
export const repositoryStats: CommandMaker = (context) =>
  verb("stats <repository>", "Show whose bytes a repository holds: exclusive, shared, freed if a VM's points go", [
    "repository stats main",
    "repository stats main --refresh",
  ])
    .option("--refresh", "work it out anew: a walk over all pages, which may take minutes")
    .action(async (repository: string, _options, command) => {
      const options = optionsOf<{ refresh?: boolean }>(command);
      const message = await withService(context, options, RepositoryRegistryService, (client) =>
        gather(
          context,
          client.getStatistics({ repository, refresh: options.refresh ?? false }, { signal: context.signal }),
        ),
      );
      emit(context, options, { schema: GetStatisticsResponseSchema, message, table: () => statisticsText(message) });
    });

const everyMs = 5_000;

/** Joins the pieces, and tells how far the repository is while it works. */
const gather = async (
  context: CliContext,
  answers: AsyncIterable<GetStatisticsResponse>,
): Promise<GetStatisticsResponse> => {
  const joined = create(GetStatisticsResponseSchema, {});
  let toldMs = context.clock.monotonicMs();
  for await (const { share, whole, vms } of answers) {
    if (whole !== undefined) joined.whole = whole;
    joined.vms.push(...vms);
    if (share === undefined || context.clock.monotonicMs() - toldMs < everyMs) continue;
    toldMs = context.clock.monotonicMs();
    context.note(`${share.done} of ${share.total} walks done`);
  }
  return joined;
};

const statisticsText = ({ whole, vms }: GetStatisticsResponse): string =>
  [...(whole === undefined ? [] : [wholeText(whole)]), vmsTable(vms)].join("\n\n");

const wholeText = (whole: RepositoryStatistics): string =>
  factsText([
    ["as of", timeText(whole.atMs)],
    ["points", `${whole.points} of ${whole.vms} VMs`],
    ["logical", bytesText(whole.logicalBytes)],
    ["live", `${bytesText(whole.liveBytes)}, logical ÷ live ${ratio(whole.logicalBytes, whole.liveBytes)}`],
    ["stored", `${bytesText(whole.storedBytes)}, stored ÷ live ${ratio(whole.storedBytes, whole.liveBytes)}`],
    ["free", `${bytesText(whole.freeBytes)} of ${bytesText(whole.totalBytes)}`],
    ["growth", `${bytesText(whole.growthBytesPerDay)} a day`],
  ]);

const ratio = (a: bigint, b: bigint): string => (b === 0n ? "-" : (Number((a * 100n) / b) / 100).toFixed(2));

const vmsTable = (vms: readonly VmStatistics[]): string =>
  tableText(
    ["vm", "points", "logical", "exclusive", "shared", "freed if removed"],
    vms.map((one) => [
      one.vmName,
      String(one.points),
      bytesText(one.logicalBytes),
      bytesText(one.exclusiveBytes),
      bytesText(one.sharedBytes),
      bytesText(one.freedIfRemovedBytes),
    ]),
  );
