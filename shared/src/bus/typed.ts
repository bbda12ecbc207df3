import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { ReplySchema } from "@holdfast/proto/holdfast/bus/v1/envelope_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { Logger } from "../logging/logger.ts";
import type { Bus, RequestLimits, ServeOptions } from "./bus.ts";
import { fromFailure, toFailure } from "./failure.ts";

/** The version of every message on the bus that we write, and the newest that we read: its field `v`. */
export const busSchemaVersion = 1;

/** What is asked under a subject and what is answered. */
export interface Exchange<Request extends DescMessage, Response extends DescMessage> {
  readonly subject: string;
  readonly request: Request;
  readonly response: Response;
}

/** Asks one question; fails with the error that the responder threw, or as `Bus.request` does. */
export const busRequest = async <Request extends DescMessage, Response extends DescMessage>(
  bus: Bus,
  { subject, request, response }: Exchange<Request, Response>,
  message: MessageInitShape<Request>,
  limits: RequestLimits,
): Promise<MessageShape<Response>> => {
  const payload = await bus.request(subject, encodeBusMessage(request, message), limits);
  const { result } = decodeBusMessage(ReplySchema, payload, subject);
  switch (result.case) {
    case "message":
      return decodeBusMessage(response, result.value, subject);
    case "failure":
      throw fromFailure(result.value);
    case undefined:
      throw new HoldfastError("INVALID_ARGUMENT", `an answer to ${subject} without a result`, { details: { subject } });
  }
};

/** Answers the questions of a subject; what `answer` throws crosses the bus when it is ours and is logged as a bug when not. */
export const busServe = <Request extends DescMessage, Response extends DescMessage>(
  bus: Bus,
  exchange: Exchange<Request, Response> & ServeOptions & { readonly log: Logger },
  answer: (request: MessageShape<Request>, from: { readonly subject: string }) => Promise<MessageInitShape<Response>>,
): Promise<AsyncDisposable> =>
  bus.serve(
    exchange.subject,
    async ({ subject, payload }) => {
      try {
        const response = await answer(decodeBusMessage(exchange.request, payload, subject), { subject });
        return reply({ case: "message", value: encodeBusMessage(exchange.response, response) });
      } catch (caught) {
        return reply({ case: "failure", value: toFailure(toTold(caught, subject, exchange.log)) });
      }
    },
    exchange,
  );

/** Sends one message to whoever listens. */
export const busPublish = <Message extends DescMessage>(
  bus: Bus,
  subject: string,
  schema: Message,
  message: MessageInitShape<Message>,
): void => {
  bus.publish(subject, encodeBusMessage(schema, message));
};

/** Messages of one subject, typed; unreadable ones are logged and left out. */
export interface BusMessages<Message> extends AsyncIterable<Message>, AsyncDisposable {}

/** Receives the messages of a subject from when this resolves until the result is disposed or the bus ends. */
export const busSubscribe = async <Message extends DescMessage>(
  bus: Bus,
  subject: string,
  schema: Message,
  log: Logger,
): Promise<BusMessages<MessageShape<Message>>> => {
  const subscription = await bus.subscribe(subject);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const { subject: from, payload } of subscription) {
        const message = readable(() => decodeBusMessage(schema, payload, from), from, log);
        if (message !== undefined) yield message;
      }
    },
    [Symbol.asyncDispose]: subscription.close,
  };
};

/** A message of the bus in binary form; one whose `v` was left out gets ours. */
export const encodeBusMessage = <Message extends DescMessage>(
  schema: Message,
  message: MessageInitShape<Message>,
): Uint8Array => {
  const full = create(schema, message);
  if (Reflect.get(full, "v") === 0) Reflect.set(full, "v", busSchemaVersion);
  return toBinary(schema, full);
};

/** The message in a payload; INVALID_ARGUMENT when it is none, SCHEMA_TOO_NEW when its `v` is above ours. */
export const decodeBusMessage = <Message extends DescMessage>(
  schema: Message,
  payload: Uint8Array,
  subject: string,
): MessageShape<Message> => {
  const message = parse(schema, payload, subject);
  const version: unknown = Reflect.get(message, "v");
  if (typeof version === "number" && version > busSchemaVersion) {
    throw new HoldfastError("SCHEMA_TOO_NEW", `${schema.typeName} of version ${version} on ${subject}`, {
      details: { subject, version, newestKnown: busSchemaVersion },
    });
  }
  return message;
};

const parse = <Message extends DescMessage>(
  schema: Message,
  payload: Uint8Array,
  subject: string,
): MessageShape<Message> => {
  try {
    return fromBinary(schema, payload);
  } catch (caught) {
    throw new HoldfastError("INVALID_ARGUMENT", `no ${schema.typeName} on ${subject}`, {
      details: { subject },
      cause: caught,
    });
  }
};

const reply = (result: MessageInitShape<typeof ReplySchema>["result"] & {}): Uint8Array =>
  encodeBusMessage(ReplySchema, { v: busSchemaVersion, result });

const toTold = (caught: unknown, subject: string, log: Logger): HoldfastError => {
  const error = HoldfastError.from(caught);
  if (error.code !== "INTERNAL") return error;
  log.error("answering the bus failed unexpectedly", { subject, err: caught });
  return new HoldfastError("INTERNAL", `${subject} failed unexpectedly; the responder's log says why`, {
    cause: caught,
  });
};

const readable = <T>(read: () => T, subject: string, log: Logger): T | undefined => {
  try {
    return read();
  } catch (caught) {
    log.warn("a message of the bus was not readable", { subject, err: caught });
    return undefined;
  }
};
