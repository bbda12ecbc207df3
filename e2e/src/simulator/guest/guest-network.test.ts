import { expect, test } from "vitest";

import type { NicConfiguration } from "../model/initialization.ts";
import { type NetworkPlug, decideNetwork } from "./guest-network.ts";

const plug = (changes: Partial<NetworkPlug> = {}): NetworkPlug => ({ nicId: "n", isConnected: true, ...changes });
const nic = (changes: Partial<NicConfiguration>): NicConfiguration => ({
  name: "eth0",
  onBoot: true,
  protocol: "dhcp",
  ...changes,
});
const nobody = new Set<string>();

test("by DHCP a guest gets an address of the subnet that nobody has", () => {
  const taken = new Set(["192.0.2.10"]);
  const found = decideNetwork([plug({ subnet: "192.0.2.0/24" })], [], taken);
  expect(found).toEqual({ addresses: { n: "192.0.2.11" }, isIsolated: false });
});

test("a full subnet leases nothing", () => {
  expect(decideNetwork([plug({ subnet: "192.0.2.0/29" })], [], nobody)).toEqual({ addresses: {}, isIsolated: true });
});

test.each([
  ["inside the subnet reaches", "192.0.2.77", false],
  ["outside the subnet reaches nobody", "198.51.100.1", true],
])("a static address %s", (_, address, isIsolated) => {
  const found = decideNetwork([plug({ subnet: "192.0.2.0/24" })], [nic({ protocol: "static", address })], nobody);
  expect(found).toEqual({ addresses: { n: address }, isIsolated });
});

test.each([
  ["without a NIC", [], []],
  ["on an isolated network", [plug({ isConnected: false })], []],
  ["whose NIC stays down at boot", [plug()], [nic({ onBoot: false })]],
  ["whose NIC has no protocol", [plug()], [nic({ protocol: "none" })]],
] as const)("a guest %s reaches nobody", (_, plugs, configurations) => {
  expect(decideNetwork(plugs, configurations, nobody)).toEqual({ addresses: {}, isIsolated: true });
});

test("one good NIC is enough", () => {
  const plugs = [plug({ isConnected: false }), plug({ nicId: "m" })];
  expect(decideNetwork(plugs, [], nobody)).toEqual({ addresses: { m: "127.0.0.1" }, isIsolated: false });
});
