import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emitInvitation, parseSeconds, type SecretOutput } from "../identity/invite-text.ts";

interface InviteOptions extends SecretOutput {
  readonly name?: string;
  readonly manager?: string;
  readonly cluster?: string;
  readonly valid?: number;
  readonly address?: readonly string[];
}

/** `agent invite`: a join token, shown once. */
export const agentInvite: CommandMaker = (context) =>
  verb("invite", "Make a join token for one agent", [
    "agent invite --manager prod --cluster Default --to-file agent.join",
    "agent invite --name agent-7 --manager prod --cluster Default --valid 2h",
  ])
    .option("--name <name>", "what the agent is called; left to its own configuration unless given")
    .option("--manager <manager>", "name of the manager that it is deployed to; left to its configuration unless given")
    .option("--cluster <cluster>", "name of its cluster there")
    .option("--valid <time>", "how long the token is good: 90m, 2h, 7d (default 1h)", parseSeconds)
    .addOption(
      listOption("--address <address>", "where this agent dials the controller, if not as others (repeatable)"),
    )
    .option("--to-file <file>", "write the token to a file of mode 0600 instead of printing it")
    .action(async (_options, command) => {
      const options = optionsOf<InviteOptions>(command);
      const { name = "", manager: managerName = "", cluster: clusterName = "", valid = 0, address = [] } = options;
      const wish = { role: "agent", name, managerName, clusterName, validSeconds: valid, controllers: [...address] };
      const answer = await withService(context, options, IdentityService, (client) =>
        client.invite(wish, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      await emitInvitation(context, options, answer);
    });
