import {
  ConfirmRepositoryClockResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, noun, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `repository clock …`: what an operator says about the clock of a repository's machine. */
export const repositoryClock: CommandMaker = (context) =>
  noun("clock", "The clock by which a repository deletes", [repositoryClockConfirm(context)]);

/** `repository clock confirm` */
const repositoryClockConfirm: CommandMaker = (context) =>
  verb("confirm <repository>", "Say that the clock of a repository's machine is right, so that deletion goes on", [
    "repository show main",
    "repository clock confirm main",
  ]).action(async (repository: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: RepositoryRegistryService,
      answer: ConfirmRepositoryClockResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.confirmRepositoryClock({ repository }, call),
      text: ({ repository: confirmed }) => {
        const { name = repository, clockMs = 0n, deletionSuspended = "" } = confirmed ?? {};
        const confirmedText = `the clock of ${name} is confirmed: ${timeText(clockMs)}`;
        return deletionSuspended === "" ? confirmedText : `${confirmedText}; ${deletionSuspended}`;
      },
    });
  });
