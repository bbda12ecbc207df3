import {
  ListRepositoriesResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { repositoriesTable } from "./repository-text.ts";

/** `repository list` */
export const repositoryList: CommandMaker = (context) =>
  verb("list", "List the repositories", ["repository list"]).action(async (_options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: RepositoryRegistryService,
      answer: ListRepositoriesResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.listRepositories({}, call),
      text: (answer) => repositoriesTable(answer.repositories),
    });
  });
