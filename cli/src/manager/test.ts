import { ManagerService, TestManagerResponseSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit, tableText } from "../output/output.ts";

/** `manager test`: can it work now? */
export const managerTest: CommandMaker = (context) =>
  verb("test <manager>", "Try address, anchors, login, and imageio of each host", ["manager test prod"]).action(
    async (manager: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, ManagerService, (client) =>
        client.testManager({ manager }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, {
        schema: TestManagerResponseSchema,
        message: answer,
        table: () =>
          tableText(
            ["check", "result", "what"],
            answer.checks.map((one) => [one.name, one.passed ? "ok" : "FAILED", one.message]),
          ),
      });
      if (answer.checks.some((one) => !one.passed)) context.setExitCode(traitsOf("UNAVAILABLE").exit);
    },
  );
