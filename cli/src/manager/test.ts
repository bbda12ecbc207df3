import {
  type Check,
  ManagerService,
  TestManagerResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { tableText } from "../output/output.ts";
import { showAnswer } from "../show-answer.ts";

/** `manager test`: can it work now? */
export const managerTest: CommandMaker = (context) =>
  verb("test <manager>", "Try address, anchors, login, the permits of its user, and imageio of each host", [
    "manager test prod",
  ]).action(async (manager: string, _options, command) => {
    const options = optionsOf(command);
    const { checks } = await showAnswer(context, options, {
      service: ManagerService,
      answer: TestManagerResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.testManager({ manager }, call),
      text: (answer) =>
        tableText(
          ["check", "result", "what"],
          answer.checks.map((one) => [one.name, resultText(one), one.message]),
        ),
    });
    if (checks.some((one) => !one.passed)) context.setExitCode(traitsOf("UNAVAILABLE").exit);
  });

const resultText = ({ passed, skipped }: Check): string => {
  if (skipped) return "-";
  return passed ? "ok" : "FAILED";
};
