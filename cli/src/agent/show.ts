import { AgentService, GetAgentResponseSchema } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit, factsText } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** `agent show` */
export const agentShow: CommandMaker = (context) =>
  verb("show <agent>", "Show one agent: where it is, what it does", ["agent show agent-1"]).action(
    async (agent: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, AgentService, (client) =>
        client.getAgent({ agent }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      const one = answer.agent;
      emit(context, options, {
        schema: GetAgentResponseSchema,
        message: answer,
        table: () =>
          one === undefined
            ? ""
            : factsText([
                ["name", one.name],
                ["id", one.agentId],
                ["version", one.version],
                ["state", one.stateReason === "" ? one.state : `${one.state}: ${one.stateReason}`],
                ["manager", one.managerName],
                ["cluster", one.clusterName],
                ["host", one.hostName],
                ["slots", `${one.busySlots} of ${one.slots} busy`],
                ["tasks", one.tasks.join(", ")],
                ["disk service", one.diskServiceAddress],
                ["started", timeText(one.startedMs)],
                ["last seen", timeText(one.lastSeenMs)],
              ]),
      });
    },
  );
