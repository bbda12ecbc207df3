import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { revokeAndShow } from "../identity/revoke.ts";

/** `repository revoke`: what it holds stays where it is. */
export const repositoryRevoke: CommandMaker = (context) =>
  verb("revoke <repository>", "Believe the server of a repository no more: its certificate is taken away at once", [
    "repository revoke main",
  ]).action(async (member: string, _options, command) => {
    await revokeAndShow(context, optionsOf(command), { role: "repository", member });
  });
