import {
  GetRepositoryResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { repositoryText } from "./repository-text.ts";

/** `repository show` */
export const repositoryShow: CommandMaker = (context) =>
  verb("show <repository>", "Show one repository: state, room, points", ["repository show main"]).action(
    async (repository: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, RepositoryRegistryService, (client) =>
        client.getRepository({ repository }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, {
        schema: GetRepositoryResponseSchema,
        message: answer,
        table: () => (answer.repository ? repositoryText(answer.repository) : ""),
      });
    },
  );
