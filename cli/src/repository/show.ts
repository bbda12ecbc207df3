import {
  GetRepositoryResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { repositoryText } from "./repository-text.ts";

/** `repository show` */
export const repositoryShow: CommandMaker = (context) =>
  verb("show <repository>", "Show one repository: state, room, points", ["repository show main"]).action(
    async (repository: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: RepositoryRegistryService,
        answer: GetRepositoryResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.getRepository({ repository }, call),
        text: (answer) => (answer.repository ? repositoryText(answer.repository) : ""),
      });
    },
  );
