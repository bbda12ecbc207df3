import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { findListeners } from "./listeners.ts";

test.for([
  { host: "127.0.0.1", isLoopback: true },
  { host: "0.0.0.0", isLoopback: false },
])("a socket on $host is seen for what it is", async ({ host, isLoopback }) => {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  expect(await findListeners([process.pid])).toContainEqual({ pid: process.pid, isLoopback, port });

  server.close();
  await once(server, "close");
  expect(await findListeners([process.pid])).not.toContainEqual(expect.objectContaining({ port }));
});
