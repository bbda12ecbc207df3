import {
  ListRepositoriesResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { repositoriesTable } from "./repository-text.ts";

/** `repository list` */
export const repositoryList: CommandMaker = (context) =>
  verb("list", "List the repositories", ["repository list"]).action(async (_options, command) => {
    const options = optionsOf(command);
    const answer = await withService(context, options, RepositoryRegistryService, (client) =>
      client.listRepositories({}, { signal: context.signal, timeoutMs: slowCallMs }),
    );
    emit(context, options, {
      schema: ListRepositoriesResponseSchema,
      message: answer,
      table: () => repositoriesTable(answer.repositories),
    });
  });
