import { describe, expect, it } from "vitest";
import { testDefinition } from "../testing/open-worker-bench.ts";
import { effectOfEdit } from "./edit-worker.ts";
import { cpusOf, memoryOf } from "./worker-definition.ts";

const network = { network: "n", address: "", netmask: "", gateway: "", device: "" };
const fixed = { ...network, address: "192.0.2.9", netmask: "255.255.255.0" };

describe("a worker's definition", () => {
  it("has one CPU and one GiB for each of four tasks, unless that is set by hand", () => {
    const usual = testDefinition();
    expect([usual.tasks, cpusOf(usual), memoryOf(usual)]).toEqual([4, 4, 4 * 2 ** 30]);
    const other = testDefinition({ tasks: 8, cpus: 2 });
    expect([cpusOf(other), memoryOf(other)]).toEqual([2, 8 * 2 ** 30]);
    expect(memoryOf(testDefinition({ memoryBytes: 5 }))).toBe(5);
  });

  it("suspends after a minute and may take ten minutes to launch, unless told otherwise", () => {
    const { idleDelayMs: _delay, launchTimeoutMs: _timeout, ...rest } = testDefinition();
    expect(testDefinition({ ...rest, idleDelayMs: undefined, launchTimeoutMs: undefined } as never)).toMatchObject({
      idlePolicy: "suspend",
      idleDelayMs: 60_000,
      launchTimeoutMs: 600_000,
    });
  });

  it.each([
    [{ name: "" }, "1 to 40 characters"],
    [{ name: "a".repeat(41) }, "1 to 40 characters"],
    [{ name: "under_score" }, "1 to 40 characters"],
    [{ source: { kind: "image", file: "relative" } }, "whole path"],
    [{ source: { kind: "image", file: "/i" } }, "needs a network"],
    [{ networks: [{ ...network, address: "192.0.2.9" }] }, "needs its netmask"],
    [{ networks: [{ ...network, gateway: "192.0.2.1" }] }, "a gateway needs a static address"],
    [{ networks: [{ ...fixed, address: "192.0.2.999" }] }, "IPv4"],
    [{ networks: [network, { ...fixed, gateway: "192.0.2.1" }] }, "only the first network may have a gateway"],
    [{ dnsServers: ["name"] }, "is not an IP address"],
    [{ tasks: 0 }, "tasks"],
    [{ tasks: 65 }, "tasks"],
  ] as const)("%j is refused", (facts, words) => {
    expect(() => testDefinition(facts as never)).toThrow(words);
  });
});

describe("an edit", () => {
  const before = testDefinition();
  it.each([
    ["its idle policy", { idlePolicy: "shutdown" }, "none", { pending: "none", isDeep: false }],
    [
      "its idle policy while another change waits",
      { idlePolicy: "shutdown" },
      "reshape",
      { pending: "reshape", isDeep: false },
    ],
    ["its name", { name: "other" }, "none", { pending: "reshape", isDeep: false }],
    ["its tasks", { tasks: 2 }, "none", { pending: "reshape", isDeep: true }],
    ["its hosts", { hosts: ["h"] }, "none", { pending: "reshape", isDeep: true }],
    ["its networks", { networks: [network] }, "none", { pending: "reshape", isDeep: true }],
    ["its storage domain", { storageDomain: "sd" }, "none", { pending: "remake", isDeep: true }],
    ["its source", { source: { kind: "template", name: "t2" } }, "reshape", { pending: "remake", isDeep: true }],
    ["its name while it is to be made anew", { name: "other" }, "remake", { pending: "remake", isDeep: false }],
    ["nothing", {}, "none", { pending: "none", isDeep: false }],
  ] as const)("of %s", (_what, change, waiting, effect) => {
    expect(effectOfEdit(before, testDefinition(change as never), waiting)).toEqual(effect);
  });
});
