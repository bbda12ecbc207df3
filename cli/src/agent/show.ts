import { type Agent, AgentService, GetAgentResponseSchema } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { factsText } from "../output/output.ts";
import { timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `agent show` */
export const agentShow: CommandMaker = (context) =>
  verb("show <agent>", "Show one agent: where it is, what it does", ["agent show agent-1"]).action(
    async (agent: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: AgentService,
        answer: GetAgentResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.getAgent({ agent }, call),
        text: (answer) => (answer.agent ? agentText(answer.agent) : ""),
      });
    },
  );

const agentText = (one: Agent): string =>
  factsText([
    ["name", one.name],
    ["id", one.agentId],
    ["version", one.version],
    ["state", one.stateReason === "" ? one.state : `${one.state}: ${one.stateReason}`],
    ["manager", one.managerName],
    ["cluster", one.clusterName],
    ["host", one.hostName],
    ["worker", one.workerId],
    ["slots", `${one.busySlots} of ${one.slots} busy`],
    ["tasks", one.tasks.join(", ")],
    ["disk service", one.diskServiceAddress],
    ["started", timeText(one.startedMs)],
    ["last seen", timeText(one.lastSeenMs)],
    ["certificate until", timeText(one.certificateExpiresMs)],
  ]);
