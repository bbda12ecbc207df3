import {
  AddRepositoryResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { repositoryText } from "./repository-text.ts";

/** `repository add` */
export const repositoryAdd: CommandMaker = (context) =>
  verb("add <name>", "Make a running repository known", ["repository add main --address 127.0.0.1:7820"])
    .requiredOption("--address <address>", "host:port or unix:path of the repository's server")
    .action(async (name: string, _options, command) => {
      const options = optionsOf<{ address: string }>(command);
      await showAnswer(context, options, {
        service: RepositoryRegistryService,
        answer: AddRepositoryResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.addRepository({ name, address: options.address }, call),
        text: (answer) => (answer.repository ? repositoryText(answer.repository) : ""),
      });
    });
