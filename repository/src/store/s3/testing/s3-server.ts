import { buildApp } from "fauxqs";
import { addConditions } from "./conditions.ts";
import { addObjectLock } from "./object-lock.ts";
import { refusal, type S3Hook, type S3Request, type ServerPlugs } from "./server-plugs.ts";
import { addUnfinishedUploads } from "./unfinished-uploads.ts";

/** What a test server is like. */
export interface S3ServerOptions {
  /** Knows `If-None-Match: *` on writes; true unless told. */
  readonly conditional?: boolean;
  /** Buckets have versions and Object Lock. */
  readonly objectLock?: boolean;
  /** Looks at every request first; for faults. */
  readonly onRequest?: S3Hook;
}

/** A server in this process that speaks S3 and keeps everything in memory. */
export interface S3TestServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly credentials: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  /** Method, key and query of what was asked so far. */
  readonly requests: readonly S3Request[];
  makeBucket(name: string): Promise<void>;
}

const credentials = { AWS_ACCESS_KEY_ID: "test-key", AWS_SECRET_ACCESS_KEY: "test-secret" };

/** Other keys than ours are unknown; signatures are not computed. */
const checkKey: S3Hook = ({ headers }) =>
  String(headers["authorization"]).includes(`Credential=${credentials.AWS_ACCESS_KEY_ID}/`)
    ? undefined
    : refusal(403, "InvalidAccessKeyId");

/** Starts a server on a free port of 127.0.0.1. */
export const startS3Server = async (options: S3ServerOptions = {}): Promise<S3TestServer> => {
  const app = buildApp({ logger: false });
  const requests: S3Request[] = [];
  const hooks: S3Hook[] = [checkKey];
  if (options.onRequest) hooks.push(options.onRequest);
  const plugs: ServerPlugs = { hooks, answered: [] };
  addUnfinishedUploads(plugs);
  if (options.objectLock === true) addObjectLock(plugs);
  if (options.conditional !== false) addConditions(plugs);
  const seen = new WeakMap<object, S3Request>();
  const lost = new WeakSet();
  app.addHook("preHandler", (raw, reply, done) => {
    const { bucket = "", "*": key = "" } = raw.params as Record<string, string | undefined>;
    const query = raw.query as S3Request["query"];
    const request = { method: raw.method, bucket, key, query, headers: raw.headers, body: raw.body };
    requests.push(request);
    seen.set(raw, request);
    for (const hook of hooks) {
      const answer = hook(request);
      if (answer === "lost") lost.add(raw);
      if (answer === undefined || answer === "lost") continue;
      void reply
        .status(answer.status)
        .header("content-type", "application/xml")
        .send(answer.body ?? "");
      return;
    }
    done();
  });
  app.addHook("onSend", (raw, reply, payload, done) => {
    const request = seen.get(raw);
    for (const look of request ? plugs.answered : []) {
      void reply.headers(look(request as S3Request, reply.statusCode, payload));
    }
    if (lost.has(raw)) raw.raw.socket.destroy();
    done();
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const headers = { authorization: `Credential=${credentials.AWS_ACCESS_KEY_ID}/` };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    credentials,
    requests,
    makeBucket: async (name) => {
      await app.inject({ method: "PUT", url: `/${name}`, headers });
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
    },
  };
};
