import { create } from "@bufbuild/protobuf";
import { ImageAccessSchema, LoanedDiskSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Whereabouts } from "../imageio/whereabouts.ts";
import { type ImageServer, type ImageServerOptions, openImageServer } from "../imageio/testing/image-server.ts";
import { makeTestIdentity, type TestIdentity } from "../imageio/testing/test-identity.ts";
import type { DiskAsked, DiskPermission } from "./disk-desk.ts";
import { type Route, routes } from "./disk-reader.ts";
import { noWish } from "./disk-wish.ts";
import { findWay } from "./find-way.ts";

const signal = new AbortController().signal;
const installation = await testInstallation();
const borrower = await installation.identity("agent", "borrower");
const nowhere = "https://127.0.0.1:1/images/0f7c1a52-1111-4222-8333-444455556666";
const everywhere: Whereabouts = { hostName: "", reachableHosts: ["*"], routes };

describe("the way to a disk", () => {
  let identity: TestIdentity;
  const servers: ImageServer[] = [];
  beforeAll(async () => {
    identity = await makeTestIdentity();
  });
  afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

  const serve = async (options: Partial<ImageServerOptions> = {}): Promise<ImageServer> => {
    const server = await openImageServer({ identity, disk: Buffer.alloc(512), ...options });
    servers.push(server);
    return server;
  };
  const image = (transferUrl: string, proxyUrl = "", anchorPem = identity.cert): DiskPermission => ({
    case: "image",
    value: create(ImageAccessSchema, {
      transferId: "transfer-1",
      transferUrl,
      proxyUrl,
      anchorPem,
      hostName: "host-1",
      sizeBytes: 512n,
    }),
  });
  /** A loan by an agent that cannot be reached. */
  const loan = (): DiskPermission => ({
    case: "loan",
    value: create(LoanedDiskSchema, {
      loanId: "loan",
      agentId: "lender",
      address: "127.0.0.1:1",
      transferId: "transfer-1",
      sizeBytes: 512n,
    }),
  });
  const find = async (
    answer: DiskPermission | ((asked: DiskAsked) => DiskPermission),
    where: Partial<Whereabouts> = {},
    broken: ReadonlyMap<Route, string> = new Map(),
  ) => {
    const asked: DiskAsked[] = [];
    const desk = {
      open: async (one: DiskAsked) => {
        asked.push(one);
        return typeof answer === "function" ? answer(one) : answer;
      },
      close: async () => undefined,
    };
    const deps = {
      desk,
      where: { ...everywhere, ...where },
      identity: borrower,
      clock: systemClock,
      taskId: "t",
      attemptId: "a",
    };
    const { reached, passedOver } = await findWay("d1", deps, signal, { ...noWish, broken });
    const passed = passedOver.map(({ route, isPlanned }) => `${route} ${isPlanned ? "planned" : "tried"}`);
    return { route: reached.route, reached, passed, asked };
  };

  it("is the unix socket on the host itself", async () => {
    const unixSocket = `\0hf-find/${process.pid}`;
    const { url } = await serve({ unixSocket });
    const found = await find(image(url), { hostName: "HOST-1", reachableHosts: [] });
    expect(found).toMatchObject({ route: "socket", passed: [] });
    expect(found.reached.access).toMatchObject({ source: { endpoint: { socketPath: unixSocket } } });
  });

  it("is HTTPS to the host elsewhere, and on a host that tells of no socket", async () => {
    const { url } = await serve({ unixSocket: `\0hf-else/${process.pid}` });
    const beside = await find(image(url));
    expect(beside).toMatchObject({ route: "direct", passed: ["socket planned"], reached: { maxReaders: 8 } });
    const old = await serve({ isOld: true });
    const onHost = await find(image(old.url), { hostName: "host-1", reachableHosts: [] });
    expect(onHost).toMatchObject({ route: "direct", passed: ["socket planned"] });
  });

  it("is HTTPS on a host whose socket does not answer, which is told", async () => {
    const { url } = await serve();
    const found = await find(image(url), { hostName: "host-1", reachableHosts: [] });
    expect(found).toMatchObject({ route: "direct", passed: ["socket tried"] });
  });

  it("is the engine's proxy when the host does not answer and nobody lends, which is told", async () => {
    const proxy = await serve();
    const found = await find(image(nowhere, proxy.url));
    expect(found).toMatchObject({ route: "proxy", passed: ["direct tried", "stream planned"] });
    expect(found.asked.map(({ avoidedRoutes }) => avoidedRoutes)).toEqual([[], ["direct"]]);
  });

  it("is the engine's proxy from the start for a host that this agent cannot reach", async () => {
    const [host, proxy] = [await serve(), await serve()];
    const found = await find(image(host.url, proxy.url), { reachableHosts: ["host-2"] });
    expect(found).toMatchObject({ route: "proxy", passed: ["direct planned", "stream planned"] });
    expect(host.requests).toEqual([]);
  });

  it("is the proxy when the agent that lends the disk cannot be reached", async () => {
    const [host, proxy] = [await serve(), await serve()];
    const lent = ({ avoidedRoutes }: DiskAsked) =>
      avoidedRoutes.includes("stream") ? image(host.url, proxy.url) : loan();
    const found = await find(lent, { reachableHosts: ["host-2"] });
    expect(found).toMatchObject({ route: "proxy", passed: ["socket planned", "direct planned", "stream tried"] });
  });

  it("is not the way that broke before", async () => {
    const [host, proxy] = [await serve(), await serve()];
    const found = await find(image(host.url, proxy.url), {}, new Map([["direct", "it was reset"]]));
    expect(found).toMatchObject({ route: "proxy", passed: ["direct tried", "stream planned"] });
    expect(host.requests).toEqual([]);
  });

  it("is never one that the agent's operator does not allow", async () => {
    const [host, proxy] = [await serve(), await serve()];
    expect(await find(image(host.url, proxy.url), { routes: ["stream", "proxy"] })).toMatchObject({
      route: "proxy",
      passed: ["socket planned", "direct planned", "stream planned"],
    });
    const forbidden = find(image(nowhere, proxy.url), { routes: ["socket", "direct", "stream"] });
    await expect(forbidden).rejects.toMatchObject({
      code: "NO_ROUTE_TO_DISK",
      message: expect.stringMatching(/direct: .*; stream: .*; proxy: this agent is not to take it/) as string,
    });
  });

  it("is looked for no further when the ticket is refused or the certificate is not trusted", async () => {
    const refusing = await serve({ misbehave: () => ({ kind: "status", status: 403 }) });
    const proxy = await serve();
    await expect(find(image(refusing.url, proxy.url))).rejects.toMatchObject({
      code: "TICKET_REFUSED",
      details: { transferId: "transfer-1" },
    });
    const { cert } = await makeTestIdentity();
    await expect(find(image(proxy.url, "", cert))).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  });

  it("is none where nothing answers", async () => {
    await expect(find(image(nowhere))).rejects.toMatchObject({ code: "NO_ROUTE_TO_DISK" });
  });

  it("leads to a daemon that knows no options by one connection without extents", async () => {
    const old = await serve({ isOld: true });
    expect((await find(image(old.url))).reached).toMatchObject({
      maxReaders: 1,
      maxWriters: 1,
      access: { source: { hasExtents: false } },
    });
  });
});
