import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { revokeAndShow } from "../identity/revoke.ts";

/** `agent revoke`: at once and for ever; the same machine may be invited again. */
export const agentRevoke: CommandMaker = (context) =>
  verb("revoke <agent>", "Believe an agent no more: its certificate and its place on the bus are taken away at once", [
    "agent revoke agent-1",
  ]).action(async (member: string, _options, command) => {
    await revokeAndShow(context, optionsOf(command), { role: "agent", member });
  });
