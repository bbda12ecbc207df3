import { IdentityService, ListUserTokensResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { tokenTable } from "./token-text.ts";

/** `token list` */
export const tokenList: CommandMaker = (context) =>
  verb("list", "List the tokens of users, revoked ones too", ["token list"]).action(async (_options, command) => {
    await showAnswer(context, optionsOf(command), {
      service: IdentityService,
      answer: ListUserTokensResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.listUserTokens({}, call),
      text: ({ tokens }) => tokenTable(tokens),
    });
  });
