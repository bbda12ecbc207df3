import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Health } from "@holdfast/proto/grpc/health/v1/health_pb";
import { expect, test } from "vitest";
import { testInstallation } from "../identity/testing/test-installation.ts";
import { openRpcClient } from "./client.ts";
import { clientCredentials } from "./credentials.ts";

test("a server that never answers a handshake is left, with its calls, also when the client was closed before", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Takes what comes, and says nothing.
    socket.resume();
    accepted.resolve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { authority, installationId } = await testInstallation();
  const trust = { installationId, caPem: authority.certificatePem };
  const open = () => openRpcClient(`127.0.0.1:${port}`, clientCredentials(trust, { role: "controller" }));
  await using waiting = open();
  const unanswered = waiting.service(Health).check({}, { timeoutMs: 25_000 });
  unanswered.catch(() => undefined);
  const client = open();
  const answer = client.service(Health).check({}, { timeoutMs: 30_000 });
  answer.catch(() => undefined);
  const socket = await accepted.promise;
  const closed = once(socket, "close", { signal: AbortSignal.timeout(20_000) });
  await client[Symbol.asyncDispose]();
  await closed;
  await expect(answer).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(unanswered).rejects.toMatchObject({ code: "UNAVAILABLE" });
  server.close();
}, 30_000);
