import type { Queries } from "../database/database.ts";
import { listOpenTasks } from "../database/tasks-table.ts";

/** Points of a repository that tasks copy or are about to copy, to one other repository or to any: they are not removed meanwhile (policy 30). */
export const pointsUnderCopy = async (
  queries: Queries,
  sourceId: string,
  targetId?: string,
): Promise<ReadonlySet<string>> =>
  new Set(
    (await listOpenTasks(queries)).flatMap(({ scope, repositoryId }) =>
      scope.kind === "copy" &&
      scope.sourceRepositoryId === sourceId &&
      (targetId === undefined || repositoryId === targetId)
        ? [scope.pointId]
        : [],
    ),
  );
