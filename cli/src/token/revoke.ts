import { IdentityService, RevokeUserTokenResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

/** `token revoke` */
export const tokenRevoke: CommandMaker = (context) =>
  verb("revoke <id>", "Believe a token no more; token list tells its id", ["token revoke k3v9x0c2m1qa"]).action(
    async (tokenId: string, _options, command) => {
      await showAnswer(context, optionsOf(command), {
        service: IdentityService,
        answer: RevokeUserTokenResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.revokeUserToken({ tokenId }, call),
        text: ({ token }) => `token ${token?.tokenId ?? tokenId} of ${token?.name ?? ""} is revoked`,
      });
    },
  );
