import {
  type HurtPoint,
  ListHurtPointsResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { emit, tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** `repository hurt` */
export const repositoryHurt: CommandMaker = (context) =>
  verb("hurt <repository>", "List the points with known damage: disks, chunks, and what is wrong", [
    "repository hurt main",
  ]).action(async (repository: string, _options, command) => {
    const options = optionsOf(command);
    const message = await withService(context, options, RepositoryRegistryService, (client) =>
      collectBatches(
        ListHurtPointsResponseSchema,
        client.listHurtPoints({ repository }, { signal: context.signal, timeoutMs: slowCallMs }),
      ),
    );
    emit(context, options, {
      schema: ListHurtPointsResponseSchema,
      message,
      table: () => (message.points.length === 0 ? "no point is hurt" : hurtTable(message.points)),
    });
  });

const hurtTable = (points: readonly HurtPoint[]): string =>
  tableText(
    ["point", "vm", "taken", "disk", "chunks", "code"],
    points.flatMap(({ pointId, vmName, capturedMs, ranges }) =>
      ranges.map(({ alias, diskId, firstChunk, chunks, code }) => [
        pointId,
        vmName,
        timeText(capturedMs),
        alias === "" ? diskId : alias,
        chunks === 1 ? String(firstChunk) : `${firstChunk}-${firstChunk + chunks - 1}`,
        code,
      ]),
    ),
  );
