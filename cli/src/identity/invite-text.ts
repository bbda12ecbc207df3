import type { InviteResponse } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { InviteResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { InvalidArgumentError } from "commander";
import type { CliContext } from "../context.ts";
import { emit, type GlobalOptions, printData } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** Where a secret goes: to standard output, or to a file for its owner alone. */
export interface SecretOutput {
  readonly toFile?: string;
}

/** Prints a join token, or where it was written; what there is to know about it goes to standard error. */
export const emitInvitation = async (
  context: CliContext,
  options: GlobalOptions & SecretOutput,
  answer: InviteResponse,
): Promise<void> => {
  context.note(`good once, until ${timeText(answer.expiresMs)}; give it to nobody but the joiner`);
  if (options.toFile === undefined) {
    emit(context, options, { schema: InviteResponseSchema, message: answer, table: () => answer.joinToken });
    return;
  }
  await writeFileDurably(options.toFile, `${answer.joinToken}\n`, 0o600);
  const facts = { inviteId: answer.inviteId, expiresMs: Number(answer.expiresMs), file: options.toFile };
  if (options.output === "table") context.print(options.toFile);
  else printData(context, options.output, facts);
};

const unitSeconds: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** Reads `90m`, `2h` or `7d` as seconds. */
export const parseSeconds = (text: string): number => {
  const match = /^(?<count>\d{1,5})(?<unit>[mhd])$/.exec(text);
  const seconds = Number(match?.groups?.["count"] ?? 0) * (unitSeconds[match?.groups?.["unit"] ?? ""] ?? 0);
  if (seconds === 0) throw new InvalidArgumentError("give a time such as 90m, 2h or 7d");
  return seconds;
};
