import { systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findImage, type ImagePermission } from "./find-image.ts";
import { type ImageServer, type ImageServerOptions, openImageServer } from "./testing/image-server.ts";
import { makeTestIdentity, type TestIdentity } from "./testing/test-identity.ts";

const deps = { clock: systemClock, signal: new AbortController().signal };
const nowhere = "https://127.0.0.1:1/images/0f7c1a52-1111-4222-8333-444455556666";

describe("the way to an image", () => {
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
  const permission = (transferUrl: string, proxyUrl = ""): ImagePermission => ({
    transferUrl,
    proxyUrl,
    anchorPem: identity.cert,
    hostName: "host-1",
  });
  const everywhere = { hostName: "", reachableHosts: ["*"] };

  it("is the unix socket on the host itself", async () => {
    const unixSocket = `\0hf-find/${process.pid}`;
    const { url } = await serve({ unixSocket });
    const found = await findImage(permission(url), { hostName: "HOST-1", reachableHosts: [] }, deps);
    expect(found).toMatchObject({ route: "socket", endpoint: { socketPath: unixSocket }, hasFallenBack: false });
  });

  it("is HTTPS to the host elsewhere, and on a host whose socket is not this ticket's", async () => {
    const { url } = await serve({ unixSocket: `\0hf-else/${process.pid}` });
    expect(await findImage(permission(url), everywhere, deps)).toMatchObject({
      route: "direct",
      capabilities: { maxReaders: 8, hasExtents: true },
    });
    const alone = await serve();
    expect(await findImage(permission(alone.url), { hostName: "host-1", reachableHosts: [] }, deps)).toMatchObject({
      route: "direct",
    });
  });

  it("is the engine's proxy when the host does not answer, which is told", async () => {
    const proxy = await serve();
    expect(await findImage(permission(nowhere, proxy.url), everywhere, deps)).toMatchObject({
      route: "proxy",
      hasFallenBack: true,
    });
  });

  it("is the engine's proxy from the start for a host that this agent cannot reach", async () => {
    const [host, proxy] = [await serve(), await serve()];
    const found = await findImage(permission(host.url, proxy.url), { hostName: "", reachableHosts: ["host-2"] }, deps);
    expect(found).toMatchObject({ route: "proxy", hasFallenBack: false });
    expect(host.requests).toEqual([]);
  });

  it("does not look further when the ticket is refused or the certificate is not trusted", async () => {
    const refusing = await serve({ misbehave: () => ({ kind: "status", status: 403 }) });
    const proxy = await serve();
    await expect(findImage(permission(refusing.url, proxy.url), everywhere, deps)).rejects.toMatchObject({
      code: "TICKET_REFUSED",
    });
    const { cert } = await makeTestIdentity();
    const distrusting = { ...permission(proxy.url), anchorPem: cert };
    await expect(findImage(distrusting, everywhere, deps)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  });

  it("says that there is none", async () => {
    await expect(findImage(permission(nowhere), everywhere, deps)).rejects.toMatchObject({ code: "NO_ROUTE_TO_DISK" });
  });

  it("takes a daemon that knows no options for one connection without extents", async () => {
    const old = await serve({ isOld: true });
    expect(await findImage(permission(old.url), everywhere, deps)).toMatchObject({
      capabilities: { maxReaders: 1, maxWriters: 1, hasExtents: false },
    });
  });
});
