import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { CliContext } from "../context.ts";
import { emit, type GlobalOptions } from "../output/output.ts";
import { watchToEnd } from "./watch.ts";

/** The answer to a call that started a session. */
export interface Started<Answer extends DescMessage> {
  readonly schema: Answer;
  readonly answer: MessageShape<Answer> & { readonly sessionId: string };
}

/** Follows a session that was started to its end when that was asked for; else says its id. */
export const showStarted = async <Answer extends DescMessage>(
  context: CliContext,
  options: GlobalOptions & { readonly wait?: boolean },
  { schema, answer }: Started<Answer>,
): Promise<void> => {
  if (options.wait === true) return await watchToEnd(context, options, answer.sessionId);
  emit(context, options, { schema, message: answer, table: () => `session ${answer.sessionId} started` });
};
