import { AgentService, ListAgentsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { tableText } from "../output/output.ts";
import { spanText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `agent list` */
export const agentList: CommandMaker = (context) =>
  verb("list", "List the agents that have said hello", ["agent list"]).action(async (_options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: AgentService,
      answer: ListAgentsResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.listAgents({}, call),
      text: (answer) =>
        tableText(
          ["name", "state", "manager", "cluster", "host", "slots", "seen", "version"],
          answer.agents.map((one) => [
            one.name,
            one.state,
            one.managerName,
            one.clusterName,
            one.hostName,
            `${one.busySlots}/${one.slots}`,
            `${spanText(context.clock.nowMs() - Number(one.lastSeenMs))} ago`,
            one.version,
          ]),
        ),
    });
  });
