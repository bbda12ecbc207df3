import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type * as z from "zod";

import { isAnswerLost } from "../hypervisor/answers.ts";
import { presentCorrelationId } from "../hypervisor/correlation.ts";
import { type Answer, isGood, jsonOf } from "./answer.ts";
import type { TokenSource } from "./confirmed-login.ts";
import { wasNotSent } from "./connection-failures.ts";
import { enginePath } from "./engine-address.ts";
import { errorOfAnswer } from "./faults.ts";
import type { Transport } from "./transport.ts";

/** One call of the API. */
export interface EngineCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/ovirt-engine/api`, without query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** That of the work under way (`correlated`) unless said. */
  readonly correlationId?: string | undefined;
  /** True when sending it twice does what sending it once does, so that a lost answer may be answered by a repeat. */
  readonly repeatable?: boolean;
}

/** The API of one engine: logged in, repeated where that is safe, answers checked. */
export interface EngineClient {
  /** Asks and checks the answer; NOT_FOUND for 404. */
  ask<Schema extends z.ZodType>(call: EngineCall, schema: Schema, signal: AbortSignal): Promise<z.output<Schema>>;
  /** Like `ask`, undefined for 404. */
  find<Schema extends z.ZodType>(
    call: EngineCall,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema> | undefined>;
  /** Asks and does not care what is said beside yes. */
  tell(call: EngineCall, signal: AbortSignal): Promise<void>;
}

/** What a client works with. */
export interface ClientDeps {
  readonly transport: Transport;
  readonly login: TokenSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Pauses before a repeat after a lost answer; a longer outage is for the callers, who persist their steps. */
const pausesMs: readonly number[] = [200, 600, 1_800];

/** Makes the client of an engine. */
export const createEngineClient = (deps: ClientDeps): EngineClient => {
  const answered = async (call: EngineCall, signal: AbortSignal): Promise<Answer> => {
    const answer = await sendPatiently(deps, call, signal);
    if (isGood(answer)) return answer;
    throw errorOfAnswer(answer, nameOf(call));
  };
  const ask: EngineClient["ask"] = async (call, schema, signal) => parse(await answered(call, signal), schema, call);
  return {
    ask,
    find: async (call, schema, signal) => {
      try {
        return await ask(call, schema, signal);
      } catch (caught) {
        if (hasCode(caught, "NOT_FOUND")) return undefined;
        throw caught;
      }
    },
    tell: async (call, signal) => {
      await answered(call, signal);
    },
  };
};

/** `GET /vms/ID`, for messages. */
const nameOf = ({ method, path }: EngineCall): string => `${method} ${path}`;

const parse = <Schema extends z.ZodType>(answer: Answer, schema: Schema, call: EngineCall): z.output<Schema> => {
  const parsed = schema.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join(".") || "answer"}: ${message}`);
  throw new HoldfastError(
    "ENGINE_PROTOCOL",
    `${nameOf(call)}: the answer is not in the engine's contract: ${places.join("; ")}`,
    {
      cause: parsed.error,
    },
  );
};

const sendPatiently = async (deps: ClientDeps, call: EngineCall, signal: AbortSignal): Promise<Answer> => {
  for (let repeats = 0; ; repeats += 1) {
    try {
      const answer = await sendLoggedIn(deps, call, signal);
      const error = isGood(answer) ? undefined : errorOfAnswer(answer, nameOf(call));
      if (error === undefined || !mayRepeat(call, error)) return answer;
      throw error;
    } catch (caught) {
      const pauseMs = pausesMs[repeats];
      if (pauseMs === undefined || !mayRepeat(call, caught)) throw caught;
      deps.log.debug("the engine is asked again", { call: nameOf(call), repeats, err: caught });
      await deps.clock.sleep(pauseMs, signal);
    }
  }
};

const mayRepeat = (call: EngineCall, caught: unknown): boolean => {
  if (!isAnswerLost(caught)) return false;
  return call.method === "GET" || call.repeatable === true || wasNotSent(caught);
};

/** 401 is the only sign that a token ended: one new login, the request once more. */
const sendLoggedIn = async (deps: ClientDeps, call: EngineCall, signal: AbortSignal): Promise<Answer> => {
  const first = await deps.login.token(signal);
  const answer = await sendOnce(deps, call, first, signal);
  if (answer.status !== 401) return answer;
  deps.login.drop(first);
  const second = await deps.login.token(signal);
  const again = await sendOnce(deps, call, second, signal);
  if (again.status !== 401) return again;
  deps.login.drop(second);
  // The password was right, so asking again later locks nobody out: this is no refusal in the sense of R14.
  throw new HoldfastError(
    "ENGINE_FORBIDDEN",
    `${nameOf(call)}: the engine's API does not take a token that it has just given`,
  );
};

const sendOnce = (deps: ClientDeps, call: EngineCall, token: string, signal: AbortSignal): Promise<Answer> => {
  const query =
    call.query === undefined || Object.keys(call.query).length === 0
      ? ""
      : `?${new URLSearchParams(call.query).toString()}`;
  const hasBody = call.method === "POST" || call.method === "PUT";
  const correlationId = call.correlationId ?? presentCorrelationId(call.method === "GET");
  return deps.transport.send(
    {
      method: call.method,
      path: `${enginePath}/api${call.path}${query}`,
      headers: {
        accept: "application/json",
        "accept-language": "en-US",
        authorization: `Bearer ${token}`,
        version: "4",
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...(correlationId === undefined ? {} : { "correlation-id": correlationId }),
      },
      body: hasBody ? JSON.stringify(call.body ?? {}) : undefined,
    },
    signal,
  );
};
