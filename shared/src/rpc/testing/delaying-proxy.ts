import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

/** A TCP proxy that holds every byte back for a while, in both directions, as a long line would. */
export interface DelayingProxy extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** The most bytes that were on their way to the server at one time: sent by the client, not yet handed over. */
  readonly mostUpBytes: number;
  /** Cuts every connection without a farewell. */
  cut(): void;
}

/** Opens a proxy before `127.0.0.1:port` that delays each direction by `delayMs`. */
export const openDelayingProxy = async (target: string, delayMs: number): Promise<DelayingProxy> => {
  const sockets = new Set<Socket>();
  const meter = { upBytes: 0, mostUpBytes: 0 };
  const [host = "", port] = target.split(":");

  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host, port: Number(port), noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (bytes) => {
      meter.upBytes += bytes.length;
      meter.mostUpBytes = Math.max(meter.mostUpBytes, meter.upBytes);
      setTimeout(() => {
        meter.upBytes -= bytes.length;
        far.write(bytes);
      }, delayMs);
    });
    far.on("data", (bytes) => setTimeout(() => near.write(bytes), delayMs));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    address: `127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`,
    get mostUpBytes() {
      return meter.mostUpBytes;
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
};
