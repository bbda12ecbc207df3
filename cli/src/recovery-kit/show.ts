import { GetRecoveryResponseSchema, RecoveryService } from "@holdfast/proto/holdfast/controller/v1/recovery_pb";
import type { GetRecoveryResponse, KeptConfiguration } from "@holdfast/proto/holdfast/controller/v1/recovery_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit, factsText, type GlobalOptions, tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** `recovery-kit show`: which kit opens what is written now, and what each repository has. */
export const recoveryKitShow: CommandMaker = (context) =>
  verb("show", "Show which recovery kit is in use and the newest backup of the installation in each repository", [
    "recovery-kit show",
  ]).action(async (_options, command) => {
    const options = optionsOf<GlobalOptions>(command);
    const message = await withService(context, options, RecoveryService, (client) =>
      client.getRecovery({}, { signal: context.signal, timeoutMs: quickCallMs }),
    );
    emit(context, options, { schema: GetRecoveryResponseSchema, message, table: () => recoveryText(message) });
  });

const recoveryText = ({ kit, keyId, madeMs, repositories }: GetRecoveryResponse): string => {
  if (kit === 0) return "there is no recovery kit, so no backup of the installation: holdfast recovery-kit renew";
  const facts = factsText([
    ["recovery kit", String(kit)],
    ["key id", keyId],
    ["made", timeText(madeMs)],
  ]);
  return [
    facts,
    "",
    tableText(["repository", "number", "written", "current", "problem"], repositories.map(toRow)),
  ].join("\n");
};

const toRow = ({ name, number, createdMs, current, problem }: KeptConfiguration): readonly string[] => [
  name,
  number === 0 ? "none" : String(number),
  number === 0 ? "never" : timeText(createdMs),
  current ? "yes" : "no",
  problem,
];
