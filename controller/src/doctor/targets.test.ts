import { describe, expect, test } from "vitest";
import { testInventory } from "../testing/scripted-engine.ts";
import { enginePortsSchema } from "./engine-ports.ts";
import { viewEngine } from "./engine-view.ts";
import { targetsOfAgent, targetsOfController, targetsOfOperator } from "./targets.ts";

const host = (name: string, clusterId: string, status = "up") => ({
  id: `id-${name}`,
  name,
  address: `${name}.example`,
  clusterId,
  status,
});

const view = (name: string, transfers: Parameters<typeof viewEngine>[1] = [], ports: object = {}) =>
  viewEngine(
    {
      record: {
        managerId: `m-${name}`,
        name,
        url: `https://${name}.example/ovirt-engine`,
        username: "a@b",
        passwordSealed: "",
        apiAnchorPem: "api",
        imageioAnchorPem: "imageio",
        engineInstanceId: "",
        engineVersion: "",
        refusedReason: null,
        era: 0,
        createdMs: 0,
      },
      inventory: {
        ...testInventory([]),
        hosts: [host("h1", "c1"), host("h2", "c2"), host("h3", "c1", "maintenance")],
      },
    },
    transfers,
    enginePortsSchema.parse(ports),
  );

const repositories = [{ name: "main", address: "r:7500", repositoryId: "r-1" }];
const reachable = { engines: [view("east"), view("west")], repositories };
const placed = { managerId: "m-east", clusterId: "c1", reachableHosts: ["*"] };

const meanings = (targets: ReturnType<typeof targetsOfAgent>) =>
  Object.fromEntries(targets.map(({ subject, whenAbsent }) => [subject, whenAbsent]));

describe("where engines are expected to serve images", () => {
  test("hosts at 54322 and the proxy beside the engine at 54323, unless told", () => {
    expect(view("east")).toMatchObject({
      api: { host: "east.example", port: 443 },
      proxy: { host: "east.example", port: 54_323 },
      hosts: [{ imageio: { host: "h1.example", port: 54_322 } }, {}, {}],
    });
    const told = view("east", [], { imageioPort: 1, imageioPortOf: { h2: 22, h3: "33" }, proxyPort: 4 });
    expect(told.proxy.port).toBe(4);
    expect(told.hosts.map(({ imageio }) => imageio.port)).toEqual([1, 22, 33]);
  });

  test("a transfer under way knows better than a configuration", () => {
    const transferUrl = "https://h2.example:4444/images/ticket";
    const seen = view("east", [{ hostId: "id-h2", transferUrl, proxyUrl: "https://proxy.example:5555/images/ticket" }]);
    expect(seen.hosts.map(({ imageio }) => imageio.port)).toEqual([54_322, 4_444, 54_322]);
    expect(seen.proxy).toEqual({ host: "proxy.example", port: 5_555 });
  });
});

test("an agent must reach the hosts of its cluster that are up and every repository; the rest is worth less", () => {
  expect(meanings(targetsOfAgent(placed, reachable))).toEqual({
    "repository main": "error",
    "imageio of host h1 of manager east": "error",
    "imageio of host h2 of manager east": "warning",
    "imageio of host h3 of manager east": "skipped",
    "imageio proxy of manager east": "warning",
    "engine of manager east": "skipped",
    "imageio of host h1 of manager west": "skipped",
    "imageio of host h2 of manager west": "skipped",
    "imageio of host h3 of manager west": "skipped",
    "imageio proxy of manager west": "skipped",
    "engine of manager west": "skipped",
  });
});

test("a host that an agent says it does not reach need not be reached", () => {
  const some = targetsOfAgent(
    { ...placed, reachableHosts: ["h2.example"] },
    { engines: [view("east")], repositories: [] },
  );
  expect(meanings(some)).toMatchObject({
    "imageio of host h1 of manager east": "skipped",
    "imageio of host h2 of manager east": "warning",
  });
});

test("the controller must reach engines and repositories, and no host", () => {
  const found = meanings(targetsOfController({ engines: [view("east")], repositories }));
  expect(found).toMatchObject({
    "repository main": "error",
    "engine of manager east": "error",
    "imageio proxy of manager east": "skipped",
    "imageio of host h1 of manager east": "skipped",
  });
});

test("an operator's machine reads points from repositories, when somebody exports one there", () => {
  expect(targetsOfOperator({ repositories })).toMatchObject([
    { address: "r:7500", whenAbsent: "skipped", server: { role: "repository", id: "r-1" } },
  ]);
});
