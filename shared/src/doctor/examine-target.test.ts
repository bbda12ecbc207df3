import { type Server, createServer } from "node:net";
import { type Server as TlsServer, createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestBus, openTestBus } from "../bus/testing/test-bus.ts";
import { systemClock } from "../clock/clock.ts";
import type { Identity } from "../identity/identity.ts";
import { makeTestInstallation } from "../identity/testing/test-installation.ts";
import { memoryLogger } from "../logging/memory-logger.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { serverCredentials } from "../rpc/credentials.ts";
import { openRpcServer } from "../rpc/server.ts";
import { examineTarget, examineTargets } from "./examine-target.ts";
import type { Target } from "./target.ts";

const stack = new AsyncDisposableStack();
let bus: TestBus;
let us: Identity;

beforeAll(async () => {
  bus = stack.use(await openTestBus(memoryLogger()));
  us = await bus.installation.identity("agent", "a1");
});
afterAll(() => stack.disposeAsync());

const listen = async (server: Server | TlsServer): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => void server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
};

const look = (target: Partial<Target>, signal = new AbortController().signal) =>
  examineTarget(
    {
      subject: "it",
      address: "127.0.0.1:1",
      server: { kind: "peer", role: "repository" },
      whenAbsent: "error",
      advice: "start it",
      ...target,
    },
    { as: us, clock: systemClock, signal },
  );

const serve = async (role: "repository" | "controller", id: string) =>
  stack.use(
    await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(await bus.installation.hold(role, id), { asksForCertificates: true }),
      log: silentLogger,
      services: [],
    }),
  );

const engineServer = async (identity: Identity) =>
  await listen(createTlsServer({ cert: identity.certificatePem, key: identity.keyPem }, (socket) => socket.end()));

test("a member that is there and is who is expected: connected, with the days of its certificate", async () => {
  const { address } = await serve("repository", "r-1");
  expect(await look({ address, server: { kind: "peer", role: "repository", id: "r-1" } })).toMatchObject([
    { kind: "connection", state: "ok", measured: { unit: "ms" } },
    { kind: "certificate", state: "ok", subject: "certificate of it", measured: { unit: "days" } },
  ]);
});

test("another member than expected is an error with both names", async () => {
  const { address } = await serve("controller", "main");
  const [connection, certificate] = await look({ address, server: { kind: "peer", role: "repository", id: "r-1" } });
  expect(connection).toMatchObject({ state: "ok" });
  expect(certificate).toMatchObject({
    state: "error",
    message: expect.stringMatching(/controller main.*repository r-1/),
  });
});

test("a member of another installation is an error", async () => {
  const other = await makeTestInstallation("other");
  const { address } = await serve("repository", "r-1");
  const as = await other.identity("agent", "a1");
  const target = { subject: "it", address, whenAbsent: "error", advice: "" } as const;
  const found = await examineTarget(
    { ...target, server: { kind: "peer", role: "repository" } },
    { as, clock: systemClock, signal: new AbortController().signal },
  );
  expect(found.at(-1)).toMatchObject({ kind: "certificate", state: "error" });
});

test("a server of the bus greets before it does TLS", async () => {
  const address = new URL(bus.server.url).host;
  expect(await look({ address, server: { kind: "peer", role: "bus" } })).toMatchObject([
    { kind: "connection", state: "ok" },
    { kind: "certificate", state: "ok" },
  ]);
  expect((await look({ address, server: { kind: "peer", role: "repository" } })).at(-1)).toMatchObject({
    kind: "certificate",
    state: "error",
  });
});

test("a server of an engine is checked against its anchor, its name included", async () => {
  const engine = await makeTestInstallation("engine");
  const address = await engineServer(await engine.identity("bus", "host"));
  const anchorPem = engine.authority.certificatePem;
  // The certificate ends within a day.
  expect(await look({ address, server: { kind: "engine", anchorPem } })).toMatchObject([
    { kind: "connection", state: "ok" },
    { kind: "certificate", state: "warning", message: expect.stringContaining("0 days left") },
  ]);
  const named = await look({
    address: address.replace("127.0.0.1", "localhost"),
    server: { kind: "engine", anchorPem },
  });
  expect(named).toMatchObject([
    { kind: "name", state: "ok" },
    { kind: "connection", state: "ok" },
    { kind: "certificate", state: "error", message: expect.stringContaining("localhost") },
  ]);
  const others = bus.installation.authority.certificatePem;
  expect((await look({ address, server: { kind: "engine", anchorPem: others } })).at(-1)).toMatchObject({
    state: "error",
    message: expect.stringContaining("not signed by whom we expect"),
  });
});

test("an expired certificate says since when", async () => {
  const engine = await makeTestInstallation("engine");
  const address = await engineServer(await engine.identity("bus", "host", -1_000));
  const found = await look({ address, server: { kind: "engine", anchorPem: engine.authority.certificatePem } });
  expect(found.at(-1)).toMatchObject({ state: "error", message: expect.stringContaining("expired on") });
});

test("nobody there means what the target says that it means", async () => {
  for (const whenAbsent of ["error", "warning", "skipped"] as const) {
    expect(await look({ whenAbsent })).toMatchObject([
      { kind: "connection", state: whenAbsent, advice: "start it", message: expect.stringContaining("ECONNREFUSED") },
    ]);
  }
});

test("a name that nobody knows is found before anything is dialled", async () => {
  expect(await look({ address: "no-such-host.invalid:443" })).toMatchObject([
    { kind: "name", state: "error", advice: expect.stringContaining("no-such-host.invalid") },
  ]);
});

test("a server that says nothing is not waited for after the signal", async () => {
  const address = await listen(createServer(() => undefined));
  const stop = new AbortController();
  const found = look({ address, server: { kind: "peer", role: "bus" } }, stop.signal);
  stop.abort();
  expect((await found).at(-1)).toMatchObject({ state: "error", message: expect.stringContaining("no answer in time") });
});

test("a server that does no TLS is an error", async () => {
  const address = await listen(createServer((socket) => socket.end("220 hello\r\n")));
  expect((await look({ address })).at(-1)).toMatchObject({ kind: "certificate", state: "error" });
});

test("findings come in the order of the targets", async () => {
  const { address } = await serve("repository", "r-1");
  const targets = ["one", "two", "three"].map((subject): Target => ({
    subject,
    address: subject === "two" ? "127.0.0.1:1" : address,
    server: { kind: "peer", role: "repository" },
    whenAbsent: "warning",
    advice: "",
  }));
  const found = await examineTargets(targets, { as: us, clock: systemClock, signal: new AbortController().signal });
  expect(found.filter(({ kind }) => kind === "connection").map(({ subject }) => subject)).toEqual([
    "one",
    "two",
    "three",
  ]);
});
