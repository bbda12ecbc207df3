import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, loggedIn } from "../testing/api-client.ts";
import { everyInitialization, everySetting } from "../testing/every-setting.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let path: string;

beforeAll(async () => {
  lab = await startLab(smallConfig({ vms: [{ name: "v", cluster: "live" }] }));
  api = await loggedIn(lab);
  path = `/vms/${(await api.get("/vms")).json.vm[0].id}`;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const put = (body: unknown) => api.call("PUT", path, { body });

test("every setting that is sent is shown again, and a change leaves the others as they were", async () => {
  const domain = (await api.get("/storagedomains")).json.storage_domain[0].id;
  const host = (await api.get("/hosts?search=name=h2")).json.host[0].id;
  const changed = await put({
    ...everySetting,
    lease: { storage_domain: { id: domain } },
    placement_policy: { affinity: "pinned", hosts: { host: [{ id: host }] } },
  });
  expect(changed.status, changed.text).toBe(200);
  const shown = (await api.get(path)).json;
  expect(shown).toMatchObject(everySetting);
  expect(shown).toMatchObject({
    lease: { storage_domain: { id: domain } },
    placement_policy: { affinity: "pinned", hosts: { host: [{ id: host }] } },
  });
  expect((await put({ memory_policy: { max: "8589934592" }, io: { threads: "1" } })).status).toBe(200);
  expect((await api.get(path)).json).toMatchObject({
    ...everySetting,
    memory_policy: { ...everySetting.memory_policy, max: "8589934592" },
    io: { threads: "1" },
  });
  expect((await put({ rng_device: { source: "dice" } })).status).toBe(400);
});

test("what the guest is told is shown again without its password", async () => {
  const told = everyInitialization("s3cret");
  expect((await put({ initialization: { ...told, root_password: "never shown" } })).status).toBe(200);
  const { initialization } = (await api.get(path)).json;
  expect(initialization).toMatchObject({
    ...told,
    nic_configurations: { nic_configuration: [expect.objectContaining({ name: "enp1s0" })] },
  });
  expect(JSON.stringify(initialization)).not.toContain("never shown");
});

test("a watchdog is added once and shown with its model and action", async () => {
  expect((await api.post(`${path}/watchdogs`, { model: "i6300esb", action: "reset" })).status).toBe(201);
  expect((await api.get(`${path}?follow=watchdogs`)).json.watchdogs.watchdog).toMatchObject([
    { model: "i6300esb", action: "reset" },
  ]);
  expect((await api.post(`${path}/watchdogs`, { model: "i6300esb", action: "pause" })).status).toBe(400);
  expect((await api.post(`${path}/watchdogs`, { model: "dog", action: "bark" })).status).toBe(400);
});
