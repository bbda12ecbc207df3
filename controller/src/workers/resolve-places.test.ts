import { describe, expect, it } from "vitest";
import { testDefinition } from "../testing/open-worker-bench.ts";
import { testInventory } from "../testing/scripted-engine.ts";
import { resolvePlaces } from "./resolve-places.ts";

const domain = (id: string, facts: object = {}) => ({
  id,
  name: `name of ${id}`,
  type: "data",
  storageType: "nfs",
  dataCenterIds: ["dc"],
  availableBytes: 10,
  usedBytes: 0,
  blockedBelowBytes: undefined,
  forBackup: false,
  ...facts,
});
const profile = (id: string, name: string, networkName: string, dataCenterId = "dc") => ({
  id,
  name,
  networkId: networkName,
  networkName,
  dataCenterId,
});
const places = {
  inventory: {
    ...testInventory([]),
    storageDomains: [
      domain("small"),
      domain("large", { availableBytes: 99 }),
      domain("iso", { type: "iso", availableBytes: 999 }),
      domain("copies", { forBackup: true, availableBytes: 999 }),
      domain("far", { dataCenterIds: ["other"], availableBytes: 999 }),
    ],
  },
  profiles: [
    profile("p1", "ovirtmgmt", "ovirtmgmt"),
    profile("p2", "ovirtmgmt", "ovirtmgmt", "other"),
    profile("p3", "gold", "blue"),
    profile("p4", "silver", "blue"),
    profile("p5", "only", "green"),
  ],
};
const image = { kind: "image", file: "/i" } as const;
const network = (name: string) => ({ network: name, address: "", netmask: "", gateway: "", device: "" });
const resolve = (facts: Parameters<typeof testDefinition>[0]) => resolvePlaces(testDefinition(facts), places);

describe("the names of a worker's definition", () => {
  it("of a template alone leave the storage domain to the template", () => {
    expect(resolve({})).toEqual({
      hostIds: [],
      storageDomainId: undefined,
      vnicProfileIds: [],
    });
  });

  it("of an image take the domain of disks with most room in the cluster's data center", () => {
    expect(resolve({ source: image, networks: [network("green")] }).storageDomainId).toBe("large");
  });

  it("are found by name and by id", () => {
    expect(resolve({ storageDomain: "name of small", hosts: ["h-c1"] })).toMatchObject({
      storageDomainId: "small",
      hostIds: ["h-c1"],
    });
    expect(resolve({ storageDomain: "small", hosts: ["127.0.0.1"] })).toMatchObject({ hostIds: ["h-c1"] });
  });

  it.each([
    ["gold@blue", "p3"],
    ["p4", "p4"],
    ["green", "p5"],
    ["ovirtmgmt", "p1"],
  ])("network %s is the profile %s", (name, id) => {
    expect(resolve({ networks: [network(name)] }).vnicProfileIds).toEqual([id]);
  });

  it.each([
    [{ networks: [network("blue")] }, "several vNIC profiles, name one: gold@blue, silver@blue"],
    [{ networks: [network("red")] }, "no network or vNIC profile red"],
    [{ hosts: ["h-c2"] }, "cluster c1 has no host h-c2"],
    [{ storageDomain: "copies" }, "no storage domain copies for disks"],
    [{ storageDomain: "far" }, "no storage domain far for disks"],
    [{ clusterId: "c9" }, "no cluster c9"],
  ])("%j is refused: %s", (facts, words) => {
    expect(() => resolve(facts)).toThrow(words);
  });
});
