import {
  CollectGarbageResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { showStarted } from "../session/show-started.ts";

interface CollectOptions {
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly requestId?: string;
}

/** `repository gc` */
export const repositoryGc: CommandMaker = (context) =>
  verb("gc <repository>", "Remove what no restore point needs any more; backups and restores go on meanwhile", [
    "repository gc main --dry-run --wait",
    "repository gc main --wait",
  ])
    .option("--dry-run", "only say what would be removed, in the session's remarks")
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (repository: string, _options, command) => {
      const options = optionsOf<CollectOptions>(command);
      const request = {
        repository,
        dryRun: options.dryRun ?? false,
        requestId: options.requestId ?? randomName(16),
      };
      const answer = await withService(context, options, RepositoryRegistryService, (client) =>
        client.collectGarbage(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      await showStarted(context, options, { schema: CollectGarbageResponseSchema, answer });
    });
