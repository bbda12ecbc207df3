import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emitInvitation, parseSeconds, type SecretOutput } from "../identity/invite-text.ts";

interface InviteOptions extends SecretOutput {
  readonly name?: string;
  readonly replaces?: string;
  readonly valid?: number;
  readonly address?: readonly string[];
}

/** `repository invite`: a join token, shown once. */
export const repositoryInvite: CommandMaker = (context) =>
  verb("invite", "Make a join token for the server of one repository", [
    "repository invite --to-file repository.join",
    "repository invite --replaces 0b0e3f1c-5a54-4c52-9d5e-6d1a1f0a8c11",
  ])
    .option("--name <name>", "what the member is called; its own name unless given")
    .option("--replaces <id>", "the repository's id, when it has joined before and lost its identity")
    .option("--valid <time>", "how long the token is good: 90m, 2h, 7d (default 1h)", parseSeconds)
    .addOption(listOption("--address <address>", "where this one dials the controller, if not as others (repeatable)"))
    .option("--to-file <file>", "write the token to a file of mode 0600 instead of printing it")
    .action(async (_options, command) => {
      const options = optionsOf<InviteOptions>(command);
      const { name = "", replaces: replacesRepositoryId = "", valid = 0, address = [] } = options;
      const wish = { role: "repository", name, replacesRepositoryId, validSeconds: valid, controllers: [...address] };
      const answer = await withService(context, options, IdentityService, (client) =>
        client.invite(wish, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      await emitInvitation(context, options, answer);
    });
