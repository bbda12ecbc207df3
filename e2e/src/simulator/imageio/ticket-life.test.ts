import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import type { Client } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openProxyDaemon } from "./proxy-daemon.ts";
import { type ImageioLab, openImageioLab } from "./testing/imageio-lab.ts";

/** A clock that a test moves: what waits for a time that it passes is called. */
class MovedClock implements Clock {
  readonly #timers = new Map<() => void, number>();
  #nowMs = 0;
  nowMs = (): number => this.#nowMs;
  monotonicMs = (): number => this.#nowMs;
  sleep = (ms: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(ms, signal);
  timeout = (ms: number): AbortSignal => systemClock.timeout(ms);
  after = (ms: number, callback: () => void): (() => void) => {
    this.#timers.set(callback, this.#nowMs + ms);
    return () => this.#timers.delete(callback);
  };

  move(ms: number): void {
    this.#nowMs += ms;
    for (const [callback, at] of this.#timers) {
      if (at > this.#nowMs) continue;
      this.#timers.delete(callback);
      callback();
    }
  }
}

let clock: MovedClock;
let lab: ImageioLab;
beforeEach(async () => {
  clock = new MovedClock();
  lab = await openImageioLab(clock);
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const get = async (client: Client, path = "/images/T", last = 65535): Promise<Answer> => {
  const { statusCode, body } = await client.request({ method: "GET", path, headers: { range: `bytes=0-${last}` } });
  return { status: statusCode, body: Buffer.from(await body.arrayBuffer()) };
};

describe("a ticket", () => {
  it("expires, unless operations renew it, and can be extended after that", async () => {
    await lab.addTicket({ timeoutSeconds: 10, inactivityTimeoutSeconds: 0 });
    const client = lab.client();
    for (let count = 0; count < 3; count += 1) {
      clock.move(9000);
      expect((await get(client)).status).toBe(206);
    }
    clock.move(10_000);
    const refused = await get(client);
    expect([refused.status, refused.body.toString()]).toEqual([
      403,
      "You are not allowed to access this resource: Transfer=TR expired",
    ]);
    expect(lab.host.tickets.extend("T", 10)).toBe(true);
    expect((await get(client)).status).toBe(206);
  });

  it("tells how long it idles; contents and OPTIONS end that, extents do not", async () => {
    await lab.addTicket({ inactivityTimeoutSeconds: 0 });
    const client = lab.client();
    clock.move(3500);
    expect(lab.host.tickets.status("T")?.idleSeconds).toBe(3);
    await get(client, "/images/T/extents");
    expect(lab.host.tickets.status("T")?.idleSeconds).toBe(3);
    await (await client.request({ method: "OPTIONS", path: "/images/T" })).body.dump();
    expect(lab.host.tickets.status("T")?.idleSeconds).toBe(0);
  });

  it("closes connections that idle longer than it allows", async () => {
    await lab.addTicket({ inactivityTimeoutSeconds: 20 });
    const client = lab.client();
    await get(client);
    clock.move(19_000);
    expect(lab.host.tickets.status("T")?.connections).toBe(1);
    clock.move(1000);
    await expect.poll(() => lab.host.tickets.status("T")?.connections).toBe(0);
    expect((await get(client)).status).toBe(206);
  });

  it("lets eight connections in; the ninth waits until one leaves", async () => {
    await lab.addTicket();
    const clients = Array.from({ length: 9 }, () => lab.client());
    for (const client of clients.slice(0, 8)) await get(client);
    const ninth = get(clients[8] ?? lab.client());
    await expect.poll(() => lab.host.tickets.status("T")).toMatchObject({ connections: 8, active: true });
    await clients[0]?.close();
    expect((await ninth).status).toBe(206);
    expect(lab.host.tickets.counters().get("T")?.mostConnections).toBe(9);
  });

  it("ends what runs when it is removed, and is unknown afterwards", async () => {
    const source = await lab.addTicket();
    const client = lab.client();
    await get(client);
    const { body } = await client.request({ method: "GET", path: "/images/T" });
    await lab.host.tickets.remove("T");
    await expect(body.arrayBuffer()).rejects.toThrow(/other side closed|ECONNRESET|terminated/);
    expect((await get(lab.client())).body.toString()).toContain("No such ticket T");
    expect(lab.host.tickets.list()).toEqual([]);
    expect(lab.host.tickets.counters().get("T")?.requests).toBe(2);
    await source[Symbol.asyncDispose]();
  });

  it("answers 500 on a connection whose volume is gone, which stays open, and on new ones", async () => {
    const source = await lab.addTicket();
    const client = lab.client();
    await get(client);
    await source[Symbol.asyncDispose]();
    for (const connection of [client, client, lab.client()]) {
      const answer = await get(connection);
      expect([answer.status, answer.body.toString()]).toEqual([
        500,
        "Server failed to perform the request, check logs",
      ]);
    }
  });
});

describe("faults", () => {
  it("fail reads, cut a connection and delay requests", async () => {
    await lab.addTicket();
    lab.host.faults.set("T", { kind: "fail-reads", count: 2 });
    const statuses = [await get(lab.client()), await get(lab.client()), await get(lab.client())].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([500, 500, 206]);
    lab.host.faults.set("*", { kind: "cut", afterBytes: 3_000_000 });
    await expect(get(lab.client(), "/images/T", 4_000_000)).rejects.toThrow(/other side closed|ECONNRESET|terminated/);
    expect((await get(lab.client(), "/images/T", 4_000_000)).body.length).toBe(4_000_001);
    lab.host.faults.set("T", { kind: "delay", ms: 20 });
    const before = performance.now();
    await get(lab.client());
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
    lab.host.faults.clear();
  });
});

describe("a proxy", () => {
  it("passes everything but the unix socket, counts, and passes a dead host ticket's refusal on", async () => {
    const { identity } = lab;
    await using proxy = await openProxyDaemon({ identity, clock, hostCa: identity.cert });
    await lab.addTicket({ operation: "write" });
    const host = { kind: "http", origin: `https://127.0.0.1:${lab.host.port}` } as const;
    const ticket = { id: "T", transferId: "TR", sizeBytes: lab.sizeBytes, operation: "write", dirty: false } as const;
    proxy.tickets.add({ ...ticket, timeoutSeconds: 300, inactivityTimeoutSeconds: 60, target: host });
    const client = lab.client(proxy.port);
    const options = await client.request({ method: "OPTIONS", path: "/images/T" });
    expect(options.headers["allow"]).toBe("OPTIONS,GET,PUT,PATCH");
    expect(await options.body.json()).not.toHaveProperty("unix_socket");
    const bytes = Buffer.alloc(3_000_000, 7);
    const put = await client.request({ method: "PUT", path: "/images/T", body: bytes });
    expect([put.statusCode, (await put.body.text()).length]).toEqual([200, 0]);
    expect((await get(client, "/images/T", 2_999_999)).body.equals(bytes)).toBe(true);
    expect((await get(client, "/images/T/extents")).body.toString()).toContain('"zero":');
    expect(proxy.tickets.counters().get("T")).toMatchObject({ requests: 4, bytesRead: 3_000_000 });
    expect(lab.host.tickets.counters().get("T")).toMatchObject({ requests: 4, bytesRead: 3_000_000 });
    await lab.host.tickets.remove("T");
    const refused = await get(lab.client(proxy.port));
    expect([refused.status, refused.body.toString()]).toEqual([
      403,
      "You are not allowed to access this resource: No such ticket T",
    ]);
  });
});
