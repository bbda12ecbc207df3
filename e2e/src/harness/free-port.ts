import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ports that the kernel gives away by itself, so that no connection and no listener on port 0 takes one of these before its program does. */
const kept = { first: 10_000, end: 32_000 } as const;

/** Story files run beside each other, each in a process of the pool with a number: a port that one was given, and whose program does not listen yet, must not be given to another. */
const parts = 4;
const size = Math.floor((kept.end - kept.first) / parts);
const own = kept.first + (Number(process.env["VITEST_POOL_ID"] ?? 0) % parts) * size;
const given = new Set<number>();

/** A TCP port of loopback, or of another address of this machine, that nobody listens on now and nobody else was given: for programs that have to keep theirs over a restart. */
export const freePort = async (host = "127.0.0.1"): Promise<number> => {
  const port = randomInt(own, own + size);
  if (given.has(port) || !(await isFree(host, port))) return await freePort(host);
  given.add(port);
  return port;
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
