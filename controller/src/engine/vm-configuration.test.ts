import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { beforeAll, expect, test } from "vitest";

import { openOvirtEngine } from "./ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { type Said, startLocalEngine } from "./testing/local-engine.ts";

const never = new AbortController().signal;
let ca: TestCa;
let certificate: ServerCertificate;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
});

const bare = {
  id: "V1",
  name: "one",
  cluster: { id: "C1" },
  lease: { storage_domain: { id: "S1" } },
};
const fault = { status: 500, json: { reason: "Operation Failed", detail: "no such link" } };

/** What is saved of a VM of which an engine tells this with its links, and this of its groups. */
const saved = async (linked: Said, groups: Said) => {
  const lists: Readonly<Record<string, Said>> = {
    storagedomains: { status: 200, json: { storage_domain: [{ id: "S1", name: "fast", type: "data" }] } },
    vnicprofiles: { status: 200, json: {} },
    networks: { status: 200, json: {} },
    "clusters/C1": { status: 200, json: { id: "C1", name: "c", version: { major: 4, minor: 7 } } },
    "clusters/C1/affinitygroups": groups,
  };
  const answer = (path: string): Said => {
    if (path.startsWith("vms/V1?")) return path.includes("watchdogs") ? linked : { status: 200, json: bare };
    return lists[path.split("?")[0] ?? ""] ?? { status: 404 };
  };
  await using engine = await startLocalEngine(certificate, ({ path }) =>
    answer(path.replace("/ovirt-engine/api/", "")),
  );
  await using hypervisor = openOvirtEngine(
    { url: engine.url, credentials: { username: "me@corp", password: "p" }, apiAnchorPem: ca.cert },
    { clock: systemClock, log: silentLogger },
  );
  const { configuration, unread } = await hypervisor.getVmConfiguration("V1", never);
  return { belongings: configuration.belongings, unread };
};

const noGroups: Said = { status: 200, json: {} };

test("values that an engine leaves out of devices are empty", async () => {
  const devices = {
    watchdogs: { watchdog: [{ model: "i6300esb" }] },
    mediated_devices: { vm_mediated_device: [{ spec_params: { property: [{ name: "nodisplay" }] } }] },
  };
  expect(await saved({ status: 200, json: { ...bare, ...devices } }, noGroups)).toMatchObject({
    belongings: { tags: [], affinityGroups: [], watchdogs: ["i6300esb "], mediatedDevices: ["nodisplay="] },
    unread: [],
  });
});

test("a VM whose links an engine cannot tell, or not as it should, is saved without them, and that is said", async () => {
  const odd: Said = { status: 200, json: { ...bare, tags: { tag: "gold" } } };
  for (const linked of [fault, odd]) {
    const { belongings, unread } = await saved(linked, noGroups);
    expect(belongings).toEqual({ affinityGroups: [], hosts: [], leaseDomain: "fast" });
    expect(unread).toEqual([expect.stringMatching(/^what it is linked to: ENGINE_(FAULT|PROTOCOL): /)]);
  }
});

test("so is one whose groups it does not tell", async () => {
  const { belongings, unread } = await saved({ status: 200, json: bare }, { status: 403 });
  expect(belongings).toMatchObject({ tags: [], leaseDomain: "fast" });
  expect(belongings?.affinityGroups).toBeUndefined();
  expect(unread).toEqual([expect.stringMatching(/^its affinity groups: ENGINE_FORBIDDEN: /)]);
});
