import type { Engine } from "../engine/engine.ts";
import { EngineFault, MissingEntity, invalid } from "../engine/engine-fault.ts";
import { isUuid } from "../engine/new-uuid.ts";
import { parseFollow } from "../rendering/follow.ts";
import { type Renderer, defaultRenderer, rendererForAccept, rendererForContent } from "../rendering/renderer.ts";
import { apiPath, struct } from "../rendering/resource.ts";
import { XmlBody } from "../rendering/xml/xml-body.ts";
import type { Answer, Call, Handle } from "./call.ts";
import { carryOutJob } from "./carry-out-job.ts";
import { correlationIdOf } from "./correlation-id.ts";
import { expectedRoot } from "./expected-root.ts";
import { type ReadLink, followLinks } from "./follow-links.ts";
import { type Request, type Response, htmlPage } from "./message.ts";
import { type Match, type Route, matchRoute } from "./router.ts";

type Refusal = Pick<EngineFault, "status" | "reason" | "detail">;

/** What answers calls of the API. */
export interface ApiParts {
  readonly engine: Engine;
  readonly routes: readonly Route<Handle>[];
}

/** 401 as the servlet container writes it: HTML. */
export const unauthorized = (): Response =>
  htmlPage(401, "401 - Unauthorized", { "www-authenticate": 'Basic realm="RESTAPI"' });

const checkVersion = (request: Request): void => {
  const version = request.headers["version"];
  if (version !== undefined && version !== "3" && version !== "4") throw invalid(`Version ${version} is not supported`);
};

const checkRoot = (body: unknown, { route }: Match<Handle>): void => {
  const expected = expectedRoot(route);
  if (body instanceof XmlBody && body.root !== expected)
    throw new EngineFault(400, "Request syntactically incorrect.", `<${body.root}> is not <${expected}>`);
};

const bodyOf = (request: Request, match: Match<Handle>): unknown => {
  if (request.method === "GET" || request.method === "DELETE" || request.body === "") {
    if (request.method === "POST")
      throw new EngineFault(400, "Request syntactically incorrect.", "the body is missing");
    return {};
  }
  const renderer = rendererForContent(request.headers["content-type"]);
  if (renderer === undefined) {
    throw new EngineFault(415, "Unsupported Media Type", "a body is application/xml or application/json");
  }
  try {
    const body = renderer.parse(request.body);
    checkRoot(body, match);
    return body;
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
    throw new EngineFault(400, "Request syntactically incorrect.", caught.message);
  }
};

const checkIds = (params: Readonly<Record<string, string>>): void => {
  for (const [name, value] of Object.entries(params)) {
    if (!["event", "permit"].includes(name) && !isUuid(value))
      throw new EngineFault(400, "Operation Failed", `[Invalid UUID: ${value}]`);
  }
};

const filterOf = (request: Request): Pick<Call, "filter"> => {
  const text = request.headers["filter"];
  return text === undefined ? {} : { filter: text.toLowerCase() === "true" };
};

const toCall = (request: Request, match: Match<Handle>, login: string): Call => {
  checkVersion(request);
  checkIds(match.params);
  return {
    actor: { login, correlationId: correlationIdOf(request) },
    params: match.params,
    query: request.query,
    body: bodyOf(request, match),
    follow: parseFollow(request.query.get("follow")),
    allContent: request.query.get("all_content") === "true" || request.headers["all-content"] === "true",
    ...filterOf(request),
  };
};

const faultIn = (renderer: Renderer, { status, reason, detail }: Refusal): Response => ({
  kind: "answer",
  status,
  headers: { "content-type": `${renderer.mediaType};charset=UTF-8` },
  body: renderer.render(struct("fault", { reason, detail })),
});

/** A fault in the representation that a request asks for, or else in the default one. */
export const faultFor = (request: Request, refusal: Refusal): Response =>
  faultIn(rendererForAccept(request.headers["accept"]) ?? defaultRenderer, refusal);

/** The answer for what a route threw; anything that is not one of the engine's refusals goes on as a bug. */
const refusalOf = (caught: unknown, renderer: Renderer): Response => {
  if (caught instanceof MissingEntity) return { kind: "answer", status: 404 };
  if (!(caught instanceof EngineFault)) throw caught;
  return faultIn(renderer, caught);
};

const headersOf = (answer: Answer, renderer: Renderer): Record<string, string> => {
  const { content } = answer;
  const href = "href" in content ? content.href : undefined;
  return {
    "content-type": `${renderer.mediaType};charset=UTF-8`,
    ...(answer.status === 201 && href !== undefined ? { location: href } : {}),
  };
};

/** `async=true` turns the 200 of an action or deletion into 202. */
const statusOf = ({ content, status }: Answer, request: Request): number =>
  content.element === "action" && isAsync(request) ? 202 : status;

/** Reads what a link leads to by the route that would answer it; what is refused or not there stays a link. */
const linkReader =
  (routes: readonly Route<Handle>[], call: Call): ReadLink =>
  async (href) => {
    const match = matchRoute(routes, "GET", href.slice(apiPath.length));
    if (typeof match === "string") return undefined;
    try {
      const { content } = await match.route.handle({
        ...call,
        params: match.params,
        query: new URLSearchParams(),
        body: {},
        follow: new Set(),
        isFollowed: true,
      });
      return content;
    } catch (caught) {
      if (caught instanceof MissingEntity || caught instanceof EngineFault) return undefined;
      throw caught;
    }
  };

const isAsync = (request: Request): boolean => request.query.get("async") === "true";

const carryOut = async (
  { engine, routes }: ApiParts,
  request: Request,
  match: Match<Handle>,
  login: string,
): Promise<Answer> => {
  const call = toCall(request, match, login);
  const read = linkReader(routes, call);
  if (request.method !== "GET") {
    const untilCreated = request.headers["x-ovirt-expect"]?.startsWith("201") === true;
    return carryOutJob({ engine, read }, match, call, { untilCreated, async: isAsync(request) });
  }
  const answer = await match.route.handle(call);
  return { ...answer, content: await followLinks(answer.content, call.follow, read) };
};

/** Carries out one call of the API for a login: representation off, route, representation on. */
export const answerApi = async (
  parts: ApiParts,
  request: Request,
  match: Match<Handle>,
  login: string,
): Promise<Response> => {
  const renderer = rendererForAccept(request.headers["accept"]);
  if (renderer === undefined) {
    return {
      kind: "answer",
      status: 406,
      headers: { "content-type": "text/plain" },
      body: "an answer is application/xml or application/json\n",
    };
  }
  const correlationId = correlationIdOf(request);
  const echo = correlationId === undefined ? {} : { "correlation-id": correlationId };
  let response: Response;
  try {
    const answer = await carryOut(parts, request, match, login);
    response = {
      kind: "answer",
      status: statusOf(answer, request),
      headers: headersOf(answer, renderer),
      body: renderer.render(answer.content),
    };
  } catch (caught) {
    parts.engine.log.debug("a call was refused", { route: match.route.pattern, err: caught });
    response = refusalOf(caught, renderer);
  }
  return response.kind === "answer" ? { ...response, headers: { ...response.headers, ...echo } } : response;
};
