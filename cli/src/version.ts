import { GetVersionResponseSchema, SystemService } from "@holdfast/proto/holdfast/controller/v1/system_pb";
import { create } from "@bufbuild/protobuf";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { productVersion } from "@holdfast/shared/version/product-version";
import { type CommandMaker, optionsOf, verb } from "./command.ts";
import { quickCallMs, withService } from "./connection.ts";
import { emit, factsText } from "./output/output.ts";

/** `version`: of this program, and of the controller when it answers. */
export const versionCommand: CommandMaker = (context) =>
  verb("version", "Show the versions of this program and of the controller", ["version"]).action(
    async (_options, command) => {
      const options = optionsOf(command);
      const controller = await withService(context, options, SystemService, (client) =>
        client.getVersion({}, { signal: context.signal, timeoutMs: quickCallMs }),
      ).catch((caught: unknown) => {
        if (hasCode(caught, "UNAVAILABLE")) return create(GetVersionResponseSchema);
        throw caught;
      });
      emit(context, options, {
        schema: GetVersionResponseSchema,
        message: controller,
        table: () =>
          factsText([
            ["holdfast", productVersion],
            ["controller", controller.version === "" ? "does not answer" : controller.version],
            ["installation", controller.installationId],
            ["time zone", controller.timeZone],
          ]),
      });
    },
  );
