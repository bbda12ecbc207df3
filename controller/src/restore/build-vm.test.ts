import { expect, test } from "vitest";

import { profileFor } from "./build-vm.ts";

const nic = { name: "nic1", interface: "virtio", linked: true, plugged: true };
const profiles = [
  { id: "p1", name: "servers", networkId: "n1", networkName: "blue" },
  { id: "p2", name: "servers", networkId: "n2", networkName: "green" },
];

test("a nic finds its profile by both names, and none rather than a wrong one", () => {
  expect(profileFor({ ...nic, profileName: "servers", networkName: "green" }, profiles)?.id).toBe("p2");
  expect(profileFor({ ...nic, profileName: "servers", networkName: "red" }, profiles)).toBeUndefined();
  expect(profileFor(nic, profiles)).toBeUndefined();
});
