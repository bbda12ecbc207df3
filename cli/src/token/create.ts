import { CreateUserTokenResponseSchema, IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { userRoles } from "@holdfast/shared/identity/user-token";
import { InvalidArgumentError, Option } from "commander";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import type { SecretOutput } from "../identity/invite-text.ts";
import { emit } from "../output/output.ts";
import { tokenTable } from "./token-text.ts";

interface CreateOptions extends SecretOutput {
  readonly role: string;
  readonly validDays: number;
}

/** `token create`: the token is shown once. */
export const tokenCreate: CommandMaker = (context) =>
  verb("create <name>", "Make a token for a user", [
    "token create anna --role operator --to-file anna.token",
    "token create monitoring --role viewer --valid-days 90",
  ])
    .addOption(new Option("--role <role>", "what the user may do").choices(userRoles).makeOptionMandatory())
    .option("--valid-days <days>", "days until it expires; never unless given", parseDays, 0)
    .option("--to-file <file>", "write the token to a file of mode 0600 instead of printing it")
    .action(async (name: string, _options, command) => {
      const options = optionsOf<CreateOptions>(command);
      const { role, validDays, toFile } = options;
      const answer = await withService(context, options, IdentityService, (client) =>
        client.createUserToken({ name, role, validDays }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      if (toFile === undefined) context.note("this is shown once and kept nowhere");
      else await writeFileDurably(toFile, `${answer.secret}\n`, 0o600);
      const shown = toFile === undefined ? answer : { ...answer, secret: "" };
      emit(context, options, {
        schema: CreateUserTokenResponseSchema,
        message: shown,
        table: () =>
          toFile === undefined ? answer.secret : tokenTable(answer.token === undefined ? [] : [answer.token]),
      });
    });

const parseDays = (text: string): number => {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new InvalidArgumentError("give a whole number of days");
  return days;
};
