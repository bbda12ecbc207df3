import { IdentityService, RevokeMemberResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { slowCallMs } from "../connection.ts";
import type { CliContext } from "../context.ts";
import type { GlobalOptions } from "../output/output.ts";
import { showAnswer } from "../show-answer.ts";

/** Takes a member's certificate away and says so. */
export const revokeAndShow = async (
  context: CliContext,
  options: GlobalOptions,
  asked: { readonly role: "agent" | "repository"; readonly member: string },
): Promise<void> => {
  await showAnswer(context, options, {
    service: IdentityService,
    answer: RevokeMemberResponseSchema,
    timeoutMs: slowCallMs,
    ask: (client, call) => client.revokeMember(asked, call),
    text: ({ member, trustNumber }) =>
      `${asked.role} ${member?.name ?? asked.member} (${member?.id ?? ""}) is revoked, trust bundle ${trustNumber}`,
  });
};
