import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ports that the kernel gives away by itself, so that no connection and no listener on port 0 takes one of these before its program does. */
const kept = { first: 10_000, end: 32_000 } as const;

/** A TCP port of loopback, or of another address of this machine, that nobody listens on now: for programs that have to keep theirs over a restart. */
export const freePort = async (host = "127.0.0.1"): Promise<number> => {
  const port = randomInt(kept.first, kept.end);
  return (await isFree(host, port)) ? port : await freePort(host);
};

const isFree = async (host: string, port: number): Promise<boolean> => {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") resolve(false);
    else reject(error);
  });
  server.listen(port, host, () => server.close(() => resolve(true)));
  return await promise;
};
