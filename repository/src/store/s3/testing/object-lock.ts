import { createsObject, placeOf, refusal, type S3Answer, type S3Request, type ServerPlugs } from "./server-plugs.ts";

const versionId = "v1";

/**
 * Adds Object Lock in compliance mode: retention on writing and by request, never shorter, and a locked version that is not removed.
 * Names are written once here, so every object has the one version.
 */
export const addObjectLock = ({ hooks, answered }: ServerPlugs): void => {
  const locks = new Map<string, Date>();
  /** Retention of uploads that are not completed yet, by place. */
  const begun = new Map<string, Date>();
  const present = new Set<string>();
  hooks.push((request) => {
    if ("retention" in request.query) {
      return present.has(placeOf(request)) ? retention(request, locks) : refusal(404, "NoSuchKey");
    }
    const until = locks.get(placeOf(request));
    if (request.method !== "DELETE" || request.query["uploadId"] !== undefined || until === undefined) return undefined;
    return until.getTime() > Date.now() ? refusal(403, "AccessDenied") : undefined;
  });
  const created = (place: string, said: Date | undefined): void => {
    const until = said ?? begun.get(place);
    begun.delete(place);
    present.add(place);
    if (until !== undefined) locks.set(place, until);
  };
  answered.push((request, status) => {
    const header = request.headers["x-amz-object-lock-retain-until-date"];
    const said = header === undefined ? undefined : toTime(header);
    const place = placeOf(request);
    if (request.method === "POST" && "uploads" in request.query && said !== undefined) begun.set(place, said);
    if (status === 200 && createsObject(request)) created(place, said);
    if (request.method === "DELETE" && status === 204 && request.query["uploadId"] === undefined) {
      locks.delete(place);
      present.delete(place);
    }
    const version: Record<string, string> = { "x-amz-version-id": versionId };
    return status === 200 && request.key !== "" ? version : {};
  });
};

const toTime = (text: string | readonly string[]): Date => new Date(String(text));

const retention = (request: S3Request, locks: Map<string, Date>): S3Answer => {
  const place = placeOf(request);
  const present = locks.get(place);
  if (request.method === "GET") {
    if (present === undefined) return refusal(404, "NoSuchObjectLockConfiguration");
    const body = `<Mode>COMPLIANCE</Mode><RetainUntilDate>${present.toISOString()}</RetainUntilDate>`;
    return { status: 200, body: `<Retention>${body}</Retention>` };
  }
  const said = /<RetainUntilDate>(.*?)<\/RetainUntilDate>/.exec(String(request.body))?.[1] ?? "";
  if (present !== undefined && toTime(said) < present) return refusal(403, "AccessDenied");
  locks.set(place, toTime(said));
  return { status: 200 };
};
