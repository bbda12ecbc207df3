import type { DescMessage, DescService, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, ServiceClient } from "@holdfast/shared/rpc/client-types";
import { withService } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { type GlobalOptions, emit } from "./output/output.ts";

/** What a command asks of the controller, and how it shows the answer. */
export interface Question<Service extends DescService, Answer extends DescMessage> {
  readonly service: Service;
  readonly answer: Answer;
  readonly timeoutMs: number;
  readonly ask: (client: ServiceClient<Service>, call: CallOptions) => Promise<MessageShape<Answer>>;
  /** The answer as text; other formats follow from the message. */
  readonly text: (answer: MessageShape<Answer>) => string;
}

/** Asks the controller, prints the answer in the form that was asked for, and returns it. */
export const showAnswer = async <Service extends DescService, Answer extends DescMessage>(
  context: CliContext,
  options: GlobalOptions,
  question: Question<Service, Answer>,
): Promise<MessageShape<Answer>> => {
  const { service, timeoutMs, ask, text } = question;
  const message = await withService(context, options, service, (client) =>
    ask(client, { signal: context.signal, timeoutMs }),
  );
  emit(context, options, { schema: question.answer, message, table: () => text(message) });
  return message;
};
