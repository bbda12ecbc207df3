import { create } from "@bufbuild/protobuf";
import { WorkerDefinitionSchema } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { describe, expect, it } from "vitest";
import { changedDefinition, newDefinition, parseNetwork } from "./definition-options.ts";

describe("the options of a worker", () => {
  it("make a definition with nothing but what was said", () => {
    expect(newDefinition("w", { manager: "prod", cluster: "c", template: "t" })).toEqual({
      name: "w",
      manager: "prod",
      cluster: "c",
      template: "t",
      image: "",
    });
  });

  it("name all that is missing at once", () => {
    expect(() => newDefinition("w", { template: "t" })).toThrow("worker add needs --manager and --cluster");
    expect(() => newDefinition("w", { manager: "m", cluster: "c" })).toThrow("needs --template or --image");
  });

  it("change what is given and leave the rest; an image takes the template's place, an empty host all hosts away", () => {
    const before = create(WorkerDefinitionSchema, { name: "w", template: "t", tasks: 4, hosts: ["h1"] });
    expect(changedDefinition(before, { image: "/i.raw", host: [""], memory: 3, idleDelay: 0 })).toMatchObject({
      name: "w",
      template: "",
      image: "/i.raw",
      tasks: 4,
      hosts: [],
      memoryBytes: 3n * 2n ** 30n,
      idleDelayMs: 0n,
    });
  });
});

describe("a network", () => {
  it("is by DHCP unless an address is given", () => {
    expect(parseNetwork("servers@blue")).toMatchObject({ network: "servers@blue", address: "", device: "" });
    expect(parseNetwork("servers@blue,dev=ens3")).toMatchObject({
      network: "servers@blue",
      address: "",
      device: "ens3",
    });
  });

  it.each([
    ["blue,192.0.2.10/24,192.0.2.1", "255.255.255.0", "192.0.2.1"],
    ["blue,10.0.0.9/8", "255.0.0.0", ""],
    ["blue,10.0.0.9/22", "255.255.252.0", ""],
    ["blue,10.0.0.9/32", "255.255.255.255", ""],
  ])("%s has the netmask %s", (text, netmask, gateway) => {
    const address = text.split(",")[1]?.split("/")[0];
    expect(parseNetwork(text)).toMatchObject({ network: "blue", address, netmask, gateway });
  });

  it.each([
    "blue,192.0.2.10",
    "blue,192.0.2.10/33",
    "blue,192.0.2.10/x",
    "blue,,192.0.2.1",
    "blue,1.2.3.4/8,1.2.3.1,more",
  ])("%s is refused with the form that is meant", (text) => {
    expect(() => parseNetwork(text)).toThrow("NETWORK[,ADDRESS/PREFIX[,GATEWAY]]");
  });
});
