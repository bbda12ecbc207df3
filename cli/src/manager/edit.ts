import { readFile } from "node:fs/promises";
import { EditManagerResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { managerText } from "./manager-text.ts";
import { takePassword } from "./password.ts";

interface EditOptions {
  readonly name?: string;
  readonly url?: string;
  readonly user?: string;
  readonly password?: boolean;
  readonly passwordFile?: string;
  readonly apiCa?: string;
  readonly imageioCa?: string;
}

/** `manager edit`: only what is given changes; a new password ends `credentials-refused`. */
export const managerEdit: CommandMaker = (context) =>
  verb("edit <manager>", "Change a manager's name, address, user, password or anchors", [
    "manager edit prod --password-file new-password",
    "manager edit prod --api-ca new-ca.pem",
  ])
    .option("--name <name>", "new name")
    .option("--url <url>", "new address")
    .option("--user <user@profile>", "new user")
    .option("--password", "ask for a new password")
    .option("--password-file <file>", "file with the new password in its first line")
    .option("--api-ca <file>", "PEM of the CA that signs the API's certificate")
    .option("--imageio-ca <file>", "PEM of the CA that signs hosts and the imageio proxy")
    .action(async (manager: string, _options, command) => {
      const options = optionsOf<EditOptions>(command);
      const request = { manager, ...(await changesOf(context, options)) };
      await showAnswer(context, options, {
        service: ManagerService,
        answer: EditManagerResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.editManager(request, call),
        text: (answer) => (answer.manager ? managerText(answer.manager) : ""),
      });
    });

const changesOf = async (
  context: Parameters<CommandMaker>[0],
  options: EditOptions,
): Promise<Record<string, string>> => {
  const asksPassword = options.password === true || options.passwordFile !== undefined;
  const changes = {
    name: options.name,
    url: options.url,
    username: options.user,
    password: asksPassword ? await takePassword(context, options.passwordFile, options.user ?? "the user") : undefined,
    apiAnchorPem: options.apiCa === undefined ? undefined : await readFile(options.apiCa, "utf8"),
    imageioAnchorPem: options.imageioCa === undefined ? undefined : await readFile(options.imageioCa, "utf8"),
  };
  return Object.fromEntries(
    Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
};
