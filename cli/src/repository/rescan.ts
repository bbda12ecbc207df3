import {
  RepositoryRegistryService,
  RescanRepositoryResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { showStarted } from "../session/show-started.ts";

interface RescanOptions {
  readonly wait?: boolean;
  readonly requestId?: string;
}

/** `repository rescan` */
export const repositoryRescan: CommandMaker = (context) =>
  verb("rescan <repository>", "Read everything that a repository says of its points, whoever made them", [
    "repository rescan main --wait",
  ])
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (repository: string, _options, command) => {
      const options = optionsOf<RescanOptions>(command);
      const request = { repository, requestId: options.requestId ?? randomName(16) };
      const answer = await withService(context, options, RepositoryRegistryService, (client) =>
        client.rescanRepository(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      await showStarted(context, options, { schema: RescanRepositoryResponseSchema, answer });
    });
