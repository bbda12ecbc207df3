import { type ClientHttp2Stream, connect } from "node:http2";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { callers } from "./test-callers.ts";

/** How a raw call ended: gRPC's status from its trailers, or what the stream was reset with. */
export type RawEnding = { readonly status: number } | { readonly reset: string };

/** What is called, and what is sent. */
export interface RawCall {
  readonly method: string;
  /** Of the task that the agent works on. */
  readonly token: string;
  readonly parts: Iterable<Uint8Array>;
}

/**
 * Calls a method with bytes of its own making in place of messages, as an agent with a good certificate: what our own client would
 * not send. Stops sending when the server has answered.
 */
export const callRaw = async (address: string, { method, token, parts }: RawCall): Promise<RawEnding> => {
  const { caPem: ca, certificatePem: cert, keyPem: key } = callers.agent;
  const session = connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
  const failed = new Promise<RawEnding>((resolve) => {
    session.on("error", (error) => {
      resolve({ reset: String(error) });
    });
  });
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": `/holdfast.repository.v1.RepositoryService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      [taskTokenHeader]: token,
    });
    const ended = Promise.race([failed, endingOf(stream)]);
    await sendUntil(ended, stream, parts);
    return await ended;
  } finally {
    session.destroy();
  }
};

const endingOf = async (stream: ClientHttp2Stream): Promise<RawEnding> =>
  await new Promise((resolve) => {
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers["grpc-status"] !== undefined) resolve({ status: Number(headers["grpc-status"]) });
    };
    stream.on("response", take).on("trailers", take);
    stream.on("error", (error) => {
      resolve({ reset: String(error) });
    });
    stream.on("close", () => {
      resolve({ reset: `closed with ${stream.rstCode}` });
    });
    stream.resume();
  });

const sendUntil = async (
  ended: Promise<RawEnding>,
  stream: ClientHttp2Stream,
  parts: Iterable<Uint8Array>,
): Promise<void> => {
  for (const part of parts) {
    if (stream.closed || stream.destroyed) return;
    if (stream.write(part)) continue;
    const drained = new Promise((resolve) => stream.once("drain", resolve));
    await Promise.race([ended, drained]);
  }
  stream.end();
};

/** A gRPC frame that announces so many bytes, and then as many as are given. */
export const rawFrame = (announcedBytes: number, bytes: Uint8Array = new Uint8Array()): Uint8Array => {
  const frame = Buffer.alloc(5 + bytes.byteLength);
  frame.writeUInt32BE(announcedBytes, 1);
  frame.set(bytes, 5);
  return frame;
};
