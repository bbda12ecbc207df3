import { createServer } from "node:net";

/** A TCP port of loopback, or of another address of this machine, that nobody listens on now: for programs that have to keep theirs over a restart. */
export const freePort = async (host = "127.0.0.1"): Promise<number> => {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject).listen(0, host, listening.resolve);
  await listening.promise;
  const address = server.address();
  const closed = Promise.withResolvers<void>();
  server.close(() => {
    closed.resolve();
  });
  await closed.promise;
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
};
