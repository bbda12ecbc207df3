import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { finishTransfer, openTransfer } from "../testing/capture.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

const lost = /socket|closed|reset|terminated|aborted|other side/i;

let lab: Lab;
let api: ApiClient;
let images: ImageClient;
let diskId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      vms: [{ name: "v", cluster: "hybrid", disks: [{ alias: "d", size: "1MiB", fill: { seed: 1 } }] }],
    }),
  );
  api = await loggedIn(lab);
  images = new ImageClient(lab);
  diskId = (await lab.control.listVms())[0]?.disks[0]?.id ?? "";
});

afterEach(() => lab.control.rules.clear());

afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const statuses = async (path: string, count: number): Promise<readonly number[]> => {
  const seen: number[] = [];
  for (let tries = 0; tries < count; tries += 1) seen.push((await api.get(path)).status);
  return seen;
};

test("a rule hits the nth call, every so-many-th, a stretch, or some by chance that a seed repeats", async () => {
  const { rules } = lab.control;
  const arm = (which: object) =>
    rules.add({ match: { call: "GET /vms" }, which: which as { nth: number }, what: { kind: "status", status: 503 } });
  const chosen = async (which: object, count: number) => {
    await rules.clear();
    await arm(which);
    return statuses("/vms", count);
  };
  expect(await chosen({ nth: 2 }, 3)).toEqual([200, 503, 200]);
  expect(await chosen({ every: 2 }, 4)).toEqual([200, 503, 200, 503]);
  expect(await chosen({ from: 2, to: 3 }, 4)).toEqual([200, 503, 503, 200]);
  const first = await chosen({ probability: 0.5, seed: 3 }, 12);
  expect(await chosen({ probability: 0.5, seed: 3 }, 12)).toEqual(first);
  expect(new Set(first)).toEqual(new Set([200, 503]));
});

test("rules are listed with what they saw and hit, and end when they are removed", async () => {
  const { rules } = lab.control;
  const rule = { match: { call: "* /vms/:vm" }, which: { nth: 2 }, what: { kind: "status", status: 500 } } as const;
  const id = await rules.add(rule);
  const path = `/vms/${(await lab.control.listVms())[0]?.id}`;
  expect(await statuses(path, 3)).toEqual([200, 500, 200]);
  expect(await rules.list()).toMatchObject([{ id, ...rule, seen: 3, hits: 1 }]);
  await rules.remove(id);
  expect(await rules.list()).toEqual([]);
  await expect(rules.remove(id)).rejects.toThrow("no such rule");
  await expect(rules.add({ ...rule, match: { call: "nonsense" } })).rejects.toThrow("a call looks like");
});

test("a rule can be for the calls of one correlation id, by header or query", async () => {
  const { rules } = lab.control;
  const match = { call: "GET /vms", correlationId: "^mine-[0-9]+$" };
  await rules.add({ match, what: { kind: "status", status: 503 } });
  expect((await api.get("/vms")).status).toBe(200);
  expect((await api.get("/vms?correlation_id=yours-1")).status).toBe(200);
  expect((await api.get("/vms?correlation_id=mine-1")).status).toBe(503);
  expect((await api.get("/vms", { "correlation-id": "mine-2" })).status).toBe(503);
  expect(await rules.list()).toMatchObject([{ match, seen: 2, hits: 2 }]);
  await expect(rules.add({ match: { ...match, correlationId: "(" }, what: { kind: "drop" } })).rejects.toThrow(
    "not a regular expression",
  );
});

test("a status comes as JSON, XML, HTML or with a body of its own, of single sign-on too", async () => {
  const { rules } = lab.control;
  const what = { kind: "status", status: 409, detail: "[busy & locked]" } as const;
  for (const [as, type, text] of [
    ["json", "application/json", '{"reason":"Operation Failed","detail":"[busy & locked]"}'],
    ["xml", "application/xml", "<fault><detail>[busy &#38; locked]</detail><reason>Operation Failed</reason></fault>"],
    ["html", "text/html", "<h1>409 Operation Failed</h1>"],
  ] as const) {
    await rules.clear();
    await rules.add({ match: { call: "GET /clusters/**" }, what: { ...what, as } });
    const reply = await api.get("/clusters");
    expect([reply.status, reply.headers["content-type"]]).toEqual([409, `${type};charset=UTF-8`]);
    expect(reply.text).toContain(text);
  }
  await rules.add({ match: { call: "POST /ovirt-engine/sso/oauth/token" }, what: { ...what, body: "mine" } });
  expect(await api.login()).toMatchObject({ status: 409, text: "mine" });
});

test("a call can be carried out although its answer is lost, cut short, or another one is given", async () => {
  const { rules } = lab.control;
  const domain = (await api.get("/storagedomains")).json.storage_domain[0].id;
  const create = (digit: number) =>
    api.post("/disks", {
      id: `${digit}0000000-0000-4000-8000-000000000000`,
      format: "cow",
      provisioned_size: "1048576",
      storage_domains: { storage_domain: [{ id: domain }] },
    });
  const exists = async (digit: number) =>
    (await api.get(`/disks/${digit}0000000-0000-4000-8000-000000000000`)).status === 200;
  const match = { call: "POST /disks" };
  await rules.add({ match, which: { nth: 1 }, what: { kind: "drop", when: "before" } });
  await rules.add({ match, which: { nth: 2 }, what: { kind: "drop", when: "after" } });
  await rules.add({ match, which: { nth: 3 }, what: { kind: "short", bytes: 10 } });
  await rules.add({ match, which: { nth: 4 }, what: { kind: "status", status: 502, as: "html", when: "after" } });
  await expect(create(1)).rejects.toThrow(lost);
  await expect(create(2)).rejects.toThrow(lost);
  await expect(create(3)).rejects.toThrow(lost);
  expect((await create(4)).status).toBe(502);
  expect([await exists(1), await exists(2), await exists(3), await exists(4)]).toEqual([false, true, true, true]);
});

test("a delay holds calls back until it is over or the rules are cleared", async () => {
  await lab.control.rules.add({ match: { call: "GET /hosts" }, what: { kind: "delay", ms: 3_600_000 } });
  const held = api.get("/hosts");
  await expect.poll(async () => (await lab.control.rules.list())[0]?.hits, { timeout: 20_000 }).toBe(1);
  await lab.control.rules.clear();
  expect((await held).status).toBe(200);
});

test("requests of imageio go wrong by operation, disk and place", async () => {
  const { rules } = lab.control;
  const transfer = await openTransfer(api, { disk: { id: diskId }, direction: "download" });
  const { transfer_url: direct, proxy_url: proxied } = transfer;
  const read = (url: string) => images.get(url, { range: "bytes=0-65535" });
  await rules.add({ match: { imageio: "read", disk: diskId, at: "proxy" }, what: { kind: "short", bytes: 100 } });
  await expect(read(proxied)).rejects.toThrow(lost);
  expect((await read(direct)).status).toBe(206);
  expect((await images.get(`${proxied}/extents`)).status).toBe(200);
  await rules.clear();
  await rules.add({ match: { imageio: "read", disk: "another" }, what: { kind: "status", status: 500 } });
  expect((await read(direct)).status).toBe(206);
  await rules.add({ match: { imageio: "extents" }, what: { kind: "status", status: 503, as: "text" } });
  expect((await images.get(`${direct}/extents`)).status).toBe(503);
  await rules.add({ match: { imageio: "read" }, which: { nth: 1 }, what: { kind: "short", bytes: 1000 } });
  await expect(read(direct)).rejects.toThrow(lost);
  await rules.add({ match: { imageio: "*" }, which: { nth: 1 }, what: { kind: "drop" } });
  await expect(read(direct)).rejects.toThrow(lost);
  await rules.clear();
  await finishTransfer(api, transfer.id);
});

test("a write of imageio can be done although its answer is lost", async () => {
  const transfer = await openTransfer(api, { disk: { id: diskId }, direction: "upload" });
  const content = Buffer.alloc(4096, 7);
  await lab.control.rules.add({ match: { imageio: "write" }, what: { kind: "drop", when: "after" } });
  await expect(images.put(transfer.transfer_url, content, 0)).rejects.toThrow(lost);
  await lab.control.rules.clear();
  expect((await images.get(transfer.transfer_url, { range: "bytes=0-4095" })).body.equals(content)).toBe(true);
  await finishTransfer(api, transfer.id);
});
