import { createsObject, placeOf, refusal, type ServerPlugs } from "./server-plugs.ts";

/** Adds `If-None-Match: *` on writing an object and on completing an upload. */
export const addConditions = ({ hooks, answered }: ServerPlugs): void => {
  const present = new Set<string>();
  hooks.push((request) => {
    if (!createsObject(request) || request.headers["if-none-match"] !== "*") return undefined;
    return present.has(placeOf(request)) ? refusal(412, "PreconditionFailed") : undefined;
  });
  answered.push((request, status) => {
    if (status === 200 && createsObject(request)) present.add(placeOf(request));
    if (status === 204 && request.method === "DELETE" && request.query["uploadId"] === undefined) {
      present.delete(placeOf(request));
    }
    return {};
  });
};
