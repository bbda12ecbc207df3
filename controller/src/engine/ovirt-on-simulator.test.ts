import { X509Certificate } from "node:crypto";

import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openOvirtEngine } from "./ovirt-engine.ts";
import { probeAnchors } from "./probe.ts";
import { type Lab, plainVm, startLab } from "./testing/start-simulator.ts";

const never = new AbortController().signal;
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    clusters: [
      { name: "c1", version: "4.7" },
      { name: "old", version: "4.4" },
    ],
    vms: [
      plainVm("one", { status: "down" }),
      plainVm("one-more", { status: "down", disks: [] }),
      plainVm("of an old level", { status: "down", cluster: "old", disks: [] }),
      plainVm("the manager", { status: "down", origin: "managed_hosted_engine", disks: [] }),
    ],
  });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

test("both anchors are seen without a login: the internal CA, and what the API sends of its own", async () => {
  const { api, imageio } = await probeAnchors(lab.url, systemClock, never);
  const authority = new X509Certificate(lab.apiAnchorPem);
  expect(new X509Certificate(api.pem).checkIssued(authority)).toBe(true);
  expect(api.issuer).toBe(authority.subject.split("\n").join(", "));
  expect(imageio.sha256Fingerprint).toBe(new X509Certificate(lab.imageioAnchorPem).fingerprint256);
});

test("the whole inventory is read in five calls, one of them the login", async () => {
  await using hypervisor = lab.openHypervisor();
  const { clusters, hosts, storageDomains, vms } = await hypervisor.readInventory(never);
  expect(hypervisor.calls()).toEqual({ total: 5, logins: 1 });
  expect(clusters.map(({ name }) => name)).toEqual(["c1", "old"]);
  expect(hosts).toEqual([
    expect.objectContaining({ name: "h1", address: "127.0.0.1", status: "up", clusterId: clusters[0]?.id }),
  ]);
  expect(storageDomains).toEqual([expect.objectContaining({ name: "sd1", type: "data", forBackup: false })]);
  expect(vms.map(({ name, level, isManager, disks }) => [name, level.minor, isManager, disks.length])).toEqual([
    ["of an old level", 4, false, 0],
    ["one", 7, false, 1],
    ["one-more", 7, false, 0],
    ["the manager", 7, true, 0],
  ]);
  expect(vms[1]?.disks[0]).toMatchObject({
    alias: "d0",
    sizeBytes: 32 * 2 ** 20,
    format: "cow",
    bootable: true,
    active: true,
    status: "ok",
  });
});

test("a VM is found by its exact name, and by its id with its snapshots", async () => {
  const [found, ...others] = await lab.hypervisor.findVms("one", never);
  expect(others).toEqual([]);
  const vm = await lab.hypervisor.getVm(found?.id ?? "", never);
  expect(vm).toMatchObject({
    name: "one",
    status: "down",
    level: { major: 4, minor: 7 },
    snapshots: [{ type: "active" }],
  });
});

test("R14: a wrong password reaches the engine once, however many ask", async () => {
  const hypervisor = openOvirtEngine(
    { url: lab.url, credentials: { username: "admin@internal", password: "wrong" }, apiAnchorPem: lab.apiAnchorPem },
    { clock: systemClock, log: silentLogger },
  );
  await using opened = hypervisor;
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => opened.identify(never)));
  expect(asked.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "fulfilled"))).toEqual(
    Array.from({ length: 10 }, () => "ENGINE_CREDENTIALS_REFUSED"),
  );
  expect(await lab.control("GET", "/accounts")).toEqual({ "admin@internal": { wrong: 1, locked: false } });
});

test("a restarting engine, seen as HTML 503, is waited through", async () => {
  await lab.control("POST", "/faults", { route: "GET /vms/:vm", times: 2, effect: { kind: "html503" } });
  const [found] = await lab.hypervisor.findVms("one", never);
  expect(await lab.hypervisor.getVm(found?.id ?? "", never)).toMatchObject({ name: "one" });
});

test("leaving logs out", async () => {
  const tokens = async () => (await lab.control<{ count: number }>("GET", "/tokens")).count;
  const before = await tokens();
  {
    await using hypervisor = lab.openHypervisor();
    await hypervisor.identify(never);
    expect(await tokens()).toBe(before + 1);
  }
  expect(await tokens()).toBe(before);
});
