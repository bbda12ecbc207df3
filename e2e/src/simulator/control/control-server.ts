import { createServer } from "node:http";

import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { ZodError, z } from "zod";

import { EngineFault } from "../engine/engine-fault.ts";
import { type Listening, type Respond, listen, toListener } from "../http/listen.ts";
import { type Request, type Response, jsonAnswer } from "../http/message.ts";
import { type Route, matchRoute } from "../http/router.ts";
import type { Control, ControlHandle } from "./control.ts";
import { hindranceRoutes } from "./hindrance-routes.ts";
import { labRoutes } from "./lab-routes.ts";
import { machineRoutes } from "./machine-routes.ts";
import { placeRoutes } from "./place-routes.ts";
import { userRoutes } from "./user-routes.ts";
import { ruleRoutes } from "./rule-routes.ts";
import { workerRoutes } from "./worker-routes.ts";

const refusal = (caught: unknown): Response => {
  if (caught instanceof ZodError) return jsonAnswer(400, { error: z.prettifyError(caught) });
  if (caught instanceof EngineFault) return jsonAnswer(caught.status, { error: caught.detail });
  if (caught instanceof HoldfastError) {
    return jsonAnswer(caught.code === "NOT_FOUND" ? 404 : 409, { error: caught.message, code: caught.code });
  }
  throw caught;
};

const run = async (routes: readonly Route<ControlHandle>[], request: Request): Promise<Response> => {
  const match = matchRoute(routes, request.method, request.path);
  if (typeof match === "string") return jsonAnswer(404, { error: match });
  const body: unknown = request.body === "" ? {} : JSON.parse(request.body);
  return jsonAnswer(200, (await match.route.handle({ params: match.params, body })) ?? {});
};

/** Every request that the control endpoint answers. */
export const controlRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  ...machineRoutes(control),
  ...workerRoutes(control),
  ...placeRoutes(control),
  ...hindranceRoutes(control),
  ...userRoutes(control),
  ...ruleRoutes(control),
  ...labRoutes(control),
];

/** Starts the control endpoint: plain HTTP on loopback, JSON in and out, no login. For the lab alone. */
export const openControlServer = (control: Control, port: number): Promise<Listening> => {
  const routes = controlRoutes(control);
  const respond: Respond = async (request) => {
    try {
      return await run(routes, request);
    } catch (caught) {
      return refusal(caught);
    }
  };
  return listen(createServer(toListener(respond, control.engine.log)), port);
};
