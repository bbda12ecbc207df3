import { connect as connectHttp, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:tls";
import type { Trust } from "@holdfast/shared/identity/identity";

/** A call whose headers the story writes itself, those too that our own client does not leave to others. */
export interface RawCall {
  /** `host:port` */
  readonly address: string;
  readonly trust: Trust;
  /** `package.Service/Method`; the request is the empty message. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes one call over TLS and gives headers and trailers of the answer together. */
export const callRaw = async ({ address, trust, method, headers }: RawCall): Promise<IncomingHttpHeaders> => {
  const [host = "", port = ""] = address.split(":");
  const where = {
    host,
    port: Number(port),
    ca: trust.caPem,
    ALPNProtocols: ["h2"],
    checkServerIdentity: () => undefined,
  };
  const session = connectHttp("https://controller", { createConnection: () => connect(where) });
  try {
    const answered = Promise.withResolvers<IncomingHttpHeaders>();
    session.on("error", answered.reject);
    const fixed = { ":method": "POST", ":path": `/${method}`, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ...fixed, ...headers });
    const seen: IncomingHttpHeaders[] = [];
    stream.on("response", (first) => seen.push(first));
    stream.on("trailers", (last) => seen.push(last));
    stream.on("error", answered.reject);
    stream.on("end", () => {
      answered.resolve(Object.assign({}, ...seen) as IncomingHttpHeaders);
    });
    stream.resume();
    // No compression, no bytes.
    stream.end(Buffer.alloc(5));
    return await answered.promise;
  } finally {
    session.destroy();
  }
};
