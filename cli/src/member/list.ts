import { IdentityService, ListMembersResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `member list` */
export const memberList: CommandMaker = (context) =>
  verb("list", "List the members, with their certificates; revoked ones too", ["member list"]).action(
    async (_options, command) => {
      await showAnswer(context, optionsOf(command), {
        service: IdentityService,
        answer: ListMembersResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.listMembers({}, call),
        text: ({ members }) =>
          tableText(
            ["role", "name", "id", "manager", "cluster", "joined", "certificate until", "revoked"],
            members.map((one) => [
              one.role,
              one.name,
              one.id,
              one.managerName,
              one.clusterName,
              timeText(one.joinedMs),
              timeText(one.expiresMs),
              timeText(one.revokedMs),
            ]),
          ),
      });
    },
  );
