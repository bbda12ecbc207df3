import type { Request } from "./message.ts";

/** In whose name a request is made, as the engine keeps it: at most 36 of `[0-9A-Za-z_-]`, by header or query. */
export const correlationIdOf = (request: Pick<Request, "headers" | "query">): string | undefined => {
  const raw = request.headers["correlation-id"] ?? request.query.get("correlation_id");
  const clean = raw?.replaceAll(/[^0-9A-Za-z_-]/g, "").slice(0, 36);
  return clean === "" ? undefined : clean;
};
