import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { textsInDatabase } from "../harness/database-texts.ts";
import { openAdministrator } from "../harness/engine-view.ts";
import { type Lab, engineRole, twoClusters } from "../harness/lab.ts";
import { describeSession, present } from "../harness/operator.ts";
import { findPlanted } from "../harness/planted-secrets.ts";
import { readIfThere } from "../harness/secret-search.ts";
import { type Story, openStory } from "../harness/story.ts";
import { vmLines } from "../harness/vm-tree.ts";
import type { ApiClient, Reply, Tree } from "../simulator/testing/api-client.ts";
import { everyInitialization, everySetting } from "../simulator/testing/every-setting.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };
/** Of this run alone, so that finding it nowhere means something. */
const secret = `told-${randomBytes(12).toString("hex")}`;

let story: Story;
let lab: Lab;
let admin: ApiClient;
let vmId: string;
let pointId: string;

beforeAll(async () => {
  story = await openStory({
    labs: [
      {
        ...twoClusters("ovirt"),
        vnicProfiles: [{ name: "blue", network: "backbone" }],
        tags: [{ name: "gold" }, { name: "till" }],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  lab = story.lab("ovirt");
  admin = await openAdministrator(lab);
  vmId = await makeWholeVm();
  await story.operator.createJob("whole", [vmId]);
});

afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await story?.[Symbol.asyncDispose]();
});

const good = (reply: Reply): Tree => {
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply.json;
};

const put = async (path: string, body: unknown): Promise<Tree> => good(await admin.call("PUT", path, { body }));
const post = async (path: string, body: unknown): Promise<Tree> => good(await admin.post(path, body));
const findOne = async (collection: string, element: string, name: string): Promise<string> =>
  good(await admin.get(`/${collection}`))[element].find((row: Tree) => row.name === name).id;

/** A VM of which every field that an engine keeps is another than by default. */
const makeWholeVm = async (): Promise<string> => {
  const { id, disks } = await lab.control.addVm({
    name: "whole",
    cluster: "east",
    compatibility: "4.7",
    nics: [
      { name: "nic1", profile: "blue" },
      { name: "nic2", profile: "ovirtmgmt" },
    ],
    disks: [
      { alias: "system", size: 4 * MiB, bootable: false, interface: "virtio", fill: { seed: "s", bytes: MiB } },
      { alias: "boot", size: 2 * MiB, bootable: true, interface: "sata", fill: { seed: "b", bytes: MiB } },
    ],
  });
  const [host, domain] = [
    await findOne("hosts", "host", "ovirt-east-1"),
    await findOne("storagedomains", "storage_domain", "data1"),
  ];
  await put(`/vms/${id}`, {
    ...everySetting,
    lease: { storage_domain: { id: domain } },
    placement_policy: { affinity: "user_migratable", hosts: { host: [{ id: host }] } },
    initialization: { ...everyInitialization(secret), root_password: `${secret}-root` },
  });
  await put(`/vms/${id}/diskattachments/${present(disks[0]).id}`, {
    pass_discard: "true",
    disk: { description: "the system's", wipe_after_delete: "true" },
  });
  const nics: readonly Tree[] = good(await admin.get(`/vms/${id}/nics`)).nic;
  await put(`/vms/${id}/nics/${nics.find(({ name }) => name === "nic2").id}`, { interface: "e1000e", linked: "false" });
  await post(`/vms/${id}/watchdogs`, { model: "i6300esb", action: "reset" });
  for (const name of ["gold", "till"]) await post(`/vms/${id}/tags`, { name });
  const label = await post("/affinitylabels", { name: "licensed" });
  await post(`/affinitylabels/${label.id}/vms`, { id });
  const cluster = await findOne("clusters", "cluster", "east");
  const rule = { enabled: "true", positive: "false", enforcing: "false" };
  const group = await post(`/clusters/${cluster}/affinitygroups`, { name: "apart", vms_rule: rule });
  await post(`/clusters/${cluster}/affinitygroups/${group.id}/vms`, { id });
  return id;
};

const restore = async (name: string): Promise<{ readonly session: Session; readonly lines: readonly string[] }> => {
  const session = await story.operator.restoreVm(pointId, name);
  const restored = present((await lab.control.listVms()).find((vm) => vm.name === name));
  return { session, lines: await vmLines(admin, restored.id) };
};

const remarks = (session: Session): readonly string[] =>
  session.tasks.flatMap((task) => task.remarks.map(({ level, code, message }) => `${level} ${code} ${message}`));

const differences = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
];

/** Paths and values of a body, as the typed configuration names them. */
const settingsIn = (body: object, path = ""): readonly (readonly [path: string, value: string])[] =>
  Object.entries(body).flatMap(([name, value]: [string, unknown]) => {
    const at = path === "" ? name : `${path}.${name}`;
    return typeof value === "object" && value !== null ? settingsIn(value, at) : [[at, String(value)] as const];
  });

test("the typed configuration of a point has every field, and shows no secret", async () => {
  const session = await story.operator.runJob("whole");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  ({ pointId } = present(session.tasks[0]));
  const { point } = await story.installation.api.service(PointService).getPoint({ pointId }, call);
  const saved: Tree = JSON.parse(present(point).configurationJson);
  const {
    description: _d,
    comment: _c,
    type: _t,
    memory: _m,
    tpm_enabled: _tpm,
    custom_emulated_machine: _machine,
    custom_cpu_model: _model,
    custom_properties: _properties,
    time_zone: _zone,
    delete_protected: _protected,
    os: _os,
    ...others
  } = everySetting;
  const named = new Set([
    "memory_policy.guaranteed",
    "memory_policy.max",
    "high_availability.enabled",
    "bios.type",
    "cpu.topology.sockets",
    "cpu.topology.cores",
    "cpu.topology.threads",
  ]);
  for (const [path, value] of settingsIn(others).filter(([one]) => !named.has(one)))
    expect(String(saved.settings[path]), path).toBe(value);
  expect(saved).toMatchObject({
    description: "till & <stock>",
    comment: "paid until May",
    type: "high_performance",
    memoryBytes: 2048 * MiB,
    memoryGuaranteedBytes: 1024 * MiB,
    memoryMaxBytes: 4096 * MiB,
    cpu: { sockets: 2, cores: 3, threads: 2 },
    biosType: "q35_secure_boot",
    osType: "rhel_9x64",
    bootDevices: ["network", "hd"],
    customEmulatedMachine: "pc-q35-rhel8.6.0",
    customCpuModel: "Cascadelake-Server",
    customLevel: "4.7",
    tpmEnabled: true,
    highlyAvailable: true,
    deleteProtected: true,
    timeZone: "America/Sao_Paulo",
    clusterName: "east",
    customProperties: everySetting.custom_properties.custom_property,
    belongings: {
      tags: expect.arrayContaining(["gold", "till"]),
      affinityLabels: ["licensed"],
      affinityGroups: ["apart"],
      hosts: ["ovirt-east-1"],
      leaseDomain: "data1",
      watchdogs: ["i6300esb reset"],
    },
    nics: [
      { name: "nic1", profileName: "blue", networkName: "backbone", interface: "virtio", mac: expect.any(String) },
      { name: "nic2", profileName: "ovirtmgmt", interface: "e1000e", linked: false, mac: expect.any(String) },
    ],
  });
  expect(saved.disks.map(({ alias, interface: bus, bootable }: Tree) => [alias, bus, bootable]).toSorted()).toEqual([
    ["boot", "sata", true],
    ["system", "virtio", false],
  ]);
  expect(Object.keys(saved.initialization.texts)).toEqual(
    expect.arrayContaining(["custom_script", "authorized_ssh_keys", "windows_license_key", "host_name"]),
  );
  expect(JSON.stringify(saved)).not.toContain(secret);
});

test("a VM with every field set is restored with each of them as it was", async () => {
  const before = await vmLines(admin, vmId);
  const { session, lines } = await restore("whole-back");
  expect(remarks(session)).toEqual([]);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(differences(before, lines)).toEqual([]);
});

test("what cannot be set again is told with its field, and everything else is as it was", async () => {
  const before = await vmLines(admin, vmId);
  good(await admin.delete(`/tags/${await findOne("tags", "tag", "till")}`));
  good(await admin.delete(`/affinitylabels/${await findOne("affinitylabels", "affinity_label", "licensed")}`));
  const role = await findOne("roles", "role", engineRole.name);
  const permits: readonly Tree[] = good(await admin.get(`/roles/${role}/permits`)).permit;
  const { id } = permits.find(({ name }) => name === "change_vm_custom_properties");
  good(await admin.delete(`/roles/${role}/permits/${id}`));
  const { session, lines } = await restore("whole-but");
  await post(`/roles/${role}/permits`, { name: "change_vm_custom_properties" });
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  const told = "warning SETTING_NOT_RESTORED";
  expect(remarks(session).toSorted()).toEqual([
    expect.stringMatching(`^${told} affinity_labels was licensed and is nothing: .*no affinity_label licensed$`),
    expect.stringMatching(`^${told} custom_properties was hugepages=.* and is nothing: .*change_vm_custom_properties`),
    expect.stringMatching(`^${told} tags was gold, till and is gold: POST `),
  ]);
  const missing = differences(before, lines).map((line) => line.split(":")[0] ?? "");
  expect([...new Set(missing)].toSorted((one, other) => one.localeCompare(other))).toEqual([
    "- affinity_labels.affinity_label[]",
    "- custom_properties.custom_property[]",
    "- tags.tag[]",
  ]);
});

test("what an engine does not tell of a VM is remarked, and the point is without it rather than with none of it", async () => {
  await lab.control.rules.add({
    match: { call: "GET /clusters/*/affinitygroups" },
    what: { kind: "status", status: 500, detail: "[Internal Engine Error]" },
  });
  const session = await story.operator.runJob("whole");
  await lab.control.rules.clear();
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(remarks(session)).toContainEqual(
    expect.stringMatching(/^warning SETTINGS_NOT_READ .*without its affinity groups: ENGINE_FAULT: .*Internal Engine/),
  );
  const made = present(session.tasks[0]).pointId;
  const { point } = await story.installation.api.service(PointService).getPoint({ pointId: made }, call);
  const saved: Tree = JSON.parse(present(point).configurationJson);
  expect(saved.belongings).toMatchObject({ watchdogs: ["i6300esb reset"], leaseDomain: "data1" });
  expect(saved.belongings).not.toHaveProperty("affinityGroups");
});

test("what a guest is told is in no log and in no row, and nothing tells it to an operator", async () => {
  const { run, installation } = story;
  const texts = textsInDatabase(join(installation.controllerDir, "controller.db"));
  const logs: { where: string; text: string }[] = [];
  for (const name of (await readdir(run.dir)).filter((one) => one.endsWith(".log")))
    logs.push({ where: name, text: await readIfThere(join(run.dir, name)) });
  expect(logs.length).toBeGreaterThan(3);
  expect(findPlanted([...texts, ...logs], [{ what: "what the guest is told", value: secret }])).toEqual([]);
});
