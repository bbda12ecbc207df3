import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { beforeAll, expect, test } from "vitest";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { openOvirtEngine } from "./ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { type LocalEngine, type Said, startLocalEngine } from "./testing/local-engine.ts";

const never = new AbortController().signal;
let ca: TestCa;
let certificate: ServerCertificate;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
});

const open = (engine: LocalEngine): Hypervisor =>
  openOvirtEngine(
    { url: engine.url, credentials: { username: "admin@internal", password: "p" }, apiAnchorPem: ca.cert },
    { clock: systemClock, log: silentLogger },
  );

/** Asks one thing of an engine that gives one answer; tells what it was asked. */
const asked = async (said: Said, ask: (hypervisor: Hypervisor) => Promise<unknown>) => {
  await using engine = await startLocalEngine(certificate, () => said);
  await using hypervisor = open(engine);
  const outcome = await ask(hypervisor).catch((caught: unknown) => caught);
  const [call] = engine.seen.filter(({ path }) => path.includes("/api"));
  const [path, query = ""] = (call?.path ?? "").replace("/ovirt-engine/api", "").split("?");
  const body: unknown = call === undefined || call.body === "" ? undefined : JSON.parse(call.body);
  const parameters = Object.fromEntries(new URLSearchParams(query));
  return { outcome, call: `${call?.method} ${path}`, query: parameters, body, headers: call?.headers };
};

const done: Said = { status: 200, json: { status: "complete" } };
const request = {
  name: "w-one",
  description: "holdfast/inst/worker/abc",
  comment: "words",
  clusterId: "C1",
  templateId: "T1",
  storageDomainId: undefined,
  cpus: 4,
  memoryBytes: 4_294_967_296,
  hostIds: [],
  correlationId: "hf-worker-abc",
};

test("the newest template of exactly the name is found", async () => {
  const template = [
    { id: "t1", name: "worker", status: "ok", version: { version_number: "1" } },
    { id: "t3", name: "worker", status: "locked", version: { version_number: "3" } },
    { id: "t2", name: "worker", status: "ok", version: { version_number: "2" } },
    { id: "t9", name: "Worker", status: "ok" },
  ];
  const { outcome, call, query } = await asked({ status: 200, json: { template } }, (engine) =>
    engine.findTemplate("worker", never),
  );
  expect(outcome).toEqual({ id: "t3", name: "worker", status: "locked", versionNumber: 3 });
  expect([call, query["search"]]).toEqual(["GET /templates", 'name="worker" sortby name asc page 1']);
  expect((await asked({ status: 200, json: {} }, (engine) => engine.findTemplate("none", never))).outcome).toBe(
    undefined,
  );
});

test("a machine is made thin from its template, with its mark, shape and correlation id", async () => {
  const { outcome, call, query, body, headers } = await asked({ status: 201, json: { id: "V1" } }, (engine) =>
    engine.createMachine(request, never),
  );
  expect([outcome, call, query]).toEqual(["V1", "POST /vms", {}]);
  expect(headers?.["correlation-id"]).toBe("hf-worker-abc");
  expect(body).toEqual({
    name: "w-one",
    description: "holdfast/inst/worker/abc",
    comment: "words",
    cluster: { id: "C1" },
    template: { id: "T1" },
    type: "server",
    memory: "4294967296",
    memory_policy: { guaranteed: "4294967296", max: "4294967296" },
    cpu: { topology: { sockets: "4", cores: "1", threads: "1" } },
    placement_policy: { affinity: "migratable", hosts: {} },
  });
});

test("a machine for a storage domain is a copy of its template; pinned to hosts it stays on them", async () => {
  const { query, body } = await asked({ status: 202, json: { id: "V1" } }, (engine) =>
    engine.createMachine({ ...request, storageDomainId: "SD1", hostIds: ["H1", "H2"] }, never),
  );
  expect(query).toEqual({ clone: "true" });
  expect(body).toMatchObject({
    storage_domain: { id: "SD1" },
    placement_policy: { affinity: "pinned", hosts: { host: [{ id: "H1" }, { id: "H2" }] } },
  });
});

test("a machine for a disk of ours is made empty, and a taken name is known as such", async () => {
  const fault = { status: 409, json: { reason: "Operation Failed", detail: "[VM name is already in use.]" } };
  const { outcome, body } = await asked(fault, (engine) =>
    engine.createMachine({ ...request, templateId: undefined }, never),
  );
  expect(body).toMatchObject({ template: { name: "Blank" } });
  expect(outcome).toMatchObject({ code: "ALREADY_EXISTS" });
});

test("a start tells the guest its user data, name, networks and DNS for this run", async () => {
  const { call, body } = await asked(done, (engine) =>
    engine.bootMachine(
      "V1",
      {
        hostName: "w-one",
        userData: "write_files: []\n",
        nics: [
          { device: "eth0", fixed: { address: "192.0.2.9", netmask: "255.255.255.0", gateway: "192.0.2.1" } },
          { device: "eth1", fixed: { address: "198.51.100.9", netmask: "255.255.255.0", gateway: "" } },
          { device: "eth2", fixed: undefined },
        ],
        dnsServers: ["192.0.2.53", "192.0.2.54"],
      },
      never,
    ),
  );
  expect(call).toBe("POST /vms/V1/start");
  expect(body).toEqual({
    use_cloud_init: "true",
    vm: {
      initialization: {
        host_name: "w-one",
        custom_script: "write_files: []\n",
        nic_configurations: {
          nic_configuration: [
            {
              name: "eth0",
              on_boot: "true",
              boot_protocol: "static",
              ip: { address: "192.0.2.9", netmask: "255.255.255.0", gateway: "192.0.2.1" },
            },
            {
              name: "eth1",
              on_boot: "true",
              boot_protocol: "static",
              ip: { address: "198.51.100.9", netmask: "255.255.255.0" },
            },
            { name: "eth2", on_boot: "true", boot_protocol: "dhcp" },
          ],
        },
        dns_servers: "192.0.2.53 192.0.2.54",
      },
    },
  });
});

test("a refused start has the engine's words, and nothing of the user data", async () => {
  const detail = "[Cannot run VM. There is no host that satisfies current scheduling constraints. host h1: Memory]";
  const fault = { status: 409, json: { reason: "Operation Failed", detail } };
  const setup = { hostName: "w", userData: "joinToken: hfj1.secret", nics: [], dnsServers: [] };
  const { outcome } = await asked(fault, (engine) => engine.bootMachine("V1", setup, never));
  expect(outcome).toMatchObject({ code: "ENGINE_CONFLICT", message: expect.stringContaining("host h1: Memory") });
  expect(JSON.stringify(outcome)).not.toContain("hfj1.secret");
});

test.each([
  ["suspendVm", "POST /vms/V1/suspend"],
  ["shutDownVm", "POST /vms/V1/shutdown"],
  ["powerOffVm", "POST /vms/V1/stop"],
] as const)("%s asks %s", async (name, call) => {
  expect((await asked(done, (engine) => engine[name]("V1", never))).call).toBe(call);
  const gone = await asked({ status: 404 }, (engine) => engine[name]("V1", never));
  expect(gone.outcome).toMatchObject({ code: "VM_NOT_FOUND" });
});

test("NICs are listed in the order of their names, and removed", async () => {
  const nic = [
    { id: "b", name: "nic10" },
    { id: "a", name: "nic2", vnic_profile: { id: "p" } },
  ];
  const listed = await asked({ status: 200, json: { nic } }, (engine) => engine.listNics("V1", never));
  expect(listed.outcome).toEqual([
    { id: "a", name: "nic2", vnicProfileId: "p" },
    { id: "b", name: "nic10", vnicProfileId: undefined },
  ]);
  const removed = await asked({ status: 404 }, (engine) => engine.removeNic({ vmId: "V1", nicId: "a" }, never));
  expect([removed.call, removed.outcome]).toEqual(["DELETE /vms/V1/nics/a", undefined]);
});
