import {
  AddRepositoryResponseSchema,
  RepositoryRegistryService,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { repositoryText } from "./repository-text.ts";
import { addProofOptions, askProof, givenProof, type ProofOptions } from "./take-proof.ts";

interface AddOptions extends ProofOptions {
  readonly address: string;
}

/** `repository add`: asks for the password of an encrypted one, if it was not given. */
export const repositoryAdd: CommandMaker = (context) =>
  addProofOptions(
    verb("add <name>", "Make a running repository known", [
      "repository add main --address 127.0.0.1:7820",
      "repository add safe --address 127.0.0.1:7821 --password-file repository-password",
    ]).requiredOption("--address <address>", "host:port or unix:path of the repository's server"),
  ).action(async (name: string, _options, command) => {
    const options = optionsOf<AddOptions>(command);
    const wish = { name, address: options.address };
    const given = await givenProof(context, options);
    const isGiven = given.password !== "" || given.recoveryKey !== "";
    await showAnswer(context, options, {
      service: RepositoryRegistryService,
      answer: AddRepositoryResponseSchema,
      timeoutMs: slowCallMs,
      ask: async (client, call) => {
        try {
          return await client.addRepository({ ...wish, ...given }, call);
        } catch (caught) {
          if (isGiven || context.askSecret === undefined || !hasCode(caught, "KEY_MISSING")) throw caught;
          return await client.addRepository({ ...wish, ...(await askProof(context)) }, call);
        }
      },
      text: (answer) => (answer.repository ? repositoryText(answer.repository) : ""),
    });
  });
