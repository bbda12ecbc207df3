import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { findNatsServer } from "@holdfast/shared/bus/testing/nats-server";
import { systemClock } from "@holdfast/shared/clock/clock";
import { startProcess } from "@holdfast/shared/process/child-process";
import { expect, test } from "vitest";
import { freePort } from "./layout.ts";
import { askServerName, untilNatsServes } from "./nats-ready.ts";

const listenOn = async (greeting: string): Promise<AsyncDisposable & { readonly port: number }> => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(greeting);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
};

test("a real nats-server is known by its name", async () => {
  const port = await freePort();
  await using child = await startProcess({
    name: "nats-server",
    command: await findNatsServer(),
    args: ["-a", "127.0.0.1", "-p", String(port), "-n", "one-of-ours"],
  });

  const signal = systemClock.timeout(10_000);
  const ready = await untilNatsServes(child, { port, serverName: "one-of-ours" }, systemClock, signal);

  expect(ready).toEqual({ ready: true, address: `127.0.0.1:${port}` });
});

test("whoever else sits on the port is not taken for the server", async () => {
  await using stranger = await listenOn('INFO {"server_name":"another"}\r\n');
  await using mute = await listenOn("HTTP/1.1 400 Bad Request\r\n\r\n");

  expect(await askServerName(stranger.port, systemClock)).toBe("another");
  expect(await askServerName(mute.port, systemClock)).toBeUndefined();
  expect(await askServerName(await freePort(), systemClock)).toBeUndefined();
});

test("a server that ended is told as such at once", async () => {
  const ended = { exit: { code: 1, signal: null } };
  const waiting = untilNatsServes(ended, { port: 1, serverName: "x" }, systemClock, systemClock.timeout(10_000));

  await expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("code 1") });
});
