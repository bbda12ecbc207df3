import { afterAll, beforeAll, expect, test } from "vitest";

import { openDisk } from "../capture/open-disk.ts";
import { type Lab, type LabVm, plainVm, startLab } from "../engine/testing/start-simulator.ts";
import { type Owner, markOf } from "../hypervisor/marks.ts";
import { type SavedVm, vmConfigurationSchema } from "../hypervisor/vm-configuration.ts";
import { buildVm, releaseVm } from "./build-vm.ts";
import { type MadeDisk, finishDisk, makeDisks, releaseDisks } from "./engine-steps.ts";
import { undoRestore } from "./undo-restore.ts";

const never = new AbortController().signal;
let lab: Lab;
let source: LabVm;
let saved: SavedVm;
let clusterId = "";
let storageDomainId = "";
beforeAll(async () => {
  lab = await startLab();
  const disks = [
    { alias: "system", size: "32MiB", bootable: true, fill: { seed: 1, bytes: "1MiB" } },
    { alias: "data", size: "16MiB", format: "raw", incremental: false, interface: "virtio" },
  ];
  const nics = [
    { name: "nic1", profile: "servers", mac: "56:6f:00:00:00:01" },
    { name: "nic2", mac: "56:6f:00:00:00:02" },
  ];
  source = await lab.addVm(
    plainVm("web", { description: "the shop", memory: "2GiB", sockets: 2, cores: 2, disks, nics }),
  );
  saved = await lab.hypervisor.getVmConfiguration(source.id, never);
  const { clusters, storageDomains } = await lab.hypervisor.readInventory(never);
  clusterId = clusters[0]?.id ?? "";
  storageDomainId = storageDomains[0]?.id ?? "";
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

let tasks = 0;
const newOwner = (): Owner => ({
  installationId: "inst",
  taskId: `restore${(tasks += 1)}`,
  attemptNumber: 1,
  attemptId: "a1",
});

const targets = () =>
  saved.configuration.disks.map((disk) => ({
    saved: disk,
    alias: `${disk.alias}-restored`,
    storageDomainId,
    expectedBytes: 2 ** 20,
  }));

/** Makes the disks and fills them with nothing. */
const fill = async (owner: Owner): Promise<readonly MadeDisk[]> => {
  const made = await makeDisks(lab.deps, { owner, disks: targets() }, never);
  for (const { targetDiskId: diskId } of made) {
    const opened = await openDisk(
      lab.deps,
      { owner, diskId, direction: "upload", repeated: false },
      async () => undefined,
      never,
    );
    await finishDisk(lab.deps, { transferId: opened.transferId, diskId }, never);
  }
  return made;
};

const ours = async (owner: Owner) => {
  const left = await lab.leftovers();
  return [...left.vms, ...left.disks].filter(({ description }) => description === markOf(owner));
};

test("a VM's configuration survives the form in which a point keeps it", () => {
  const { configuration, ovf } = saved;
  expect(ovf).toContain("Envelope");
  expect(vmConfigurationSchema.parse(JSON.parse(JSON.stringify(configuration)))).toEqual(
    JSON.parse(JSON.stringify(configuration)),
  );
  expect(configuration).toMatchObject({
    v: 1,
    name: "web",
    description: "the shop",
    memoryBytes: 2 * 2 ** 30,
    cpu: { sockets: 2, cores: 2, threads: 1 },
    clusterName: "c1",
    nics: [
      { name: "nic1", mac: "56:6f:00:00:00:01", profileName: "servers", networkName: "blue" },
      { name: "nic2", mac: "56:6f:00:00:00:02" },
    ],
    disks: [
      { alias: "system", format: "cow", bootable: true, storageDomainName: "sd1" },
      { alias: "data", format: "raw", interface: "virtio" },
    ],
  });
});

test.each([true, false])(
  "a whole VM is restored, with the saved ovf: %s; each step may be repeated",
  async (withOvf) => {
    const owner = newOwner();
    const name = `web-restored-${owner.taskId}`;
    const made = await fill(owner);
    expect(await makeDisks(lab.deps, { owner, disks: targets() }, never)).toEqual(made);

    const from = withOvf ? saved : { ...saved, ovf: "<not-an-ovf/>" };
    const request = { owner, name, clusterId, saved: from, disks: made, keepMacs: false };
    const built = await buildVm(lab.deps, request, never);
    expect(await buildVm(lab.deps, request, never)).toMatchObject({ vmId: built.vmId });
    expect(built.remarks.map(({ code }) => code)).toEqual(withOvf ? [] : ["OVF_NOT_USED"]);

    await releaseVm(lab.deps, { vmId: built.vmId, description: "the shop" }, never);
    await releaseDisks(
      lab.deps,
      { disks: made.map(({ targetDiskId: diskId }) => ({ diskId, description: "" })), vmId: built.vmId },
      never,
    );
    expect(await ours(owner)).toEqual([]);

    const restored = await lab.hypervisor.getVmConfiguration(built.vmId, never);
    const { configuration } = restored;
    expect(configuration).toMatchObject({
      name,
      description: "the shop",
      memoryBytes: 2 * 2 ** 30,
      cpu: { sockets: 2, cores: 2 },
    });
    expect(
      configuration.disks.map(({ alias, format, sizeBytes, bootable, interface: bus }) => [
        alias,
        format,
        sizeBytes,
        bootable,
        bus,
      ]),
    ).toEqual([
      ["system-restored", "cow", 32 * 2 ** 20, true, "virtio_scsi"],
      ["data-restored", "raw", 16 * 2 ** 20, false, "virtio"],
    ]);
    expect(configuration.nics.map(({ name: nic, profileName }) => [nic, profileName])).toEqual([
      ["nic1", "servers"],
      ["nic2", saved.configuration.nics[1]?.profileName],
    ]);
    for (const { mac } of configuration.nics) expect(mac).not.toMatch(/^56:6f:00:00:00:0[12]$/);
    await lab.hypervisor.startVm(built.vmId, never);
  },
);

test("wanted MACs that are in use are replaced with a warning, and profiles that are missing are named", async () => {
  const owner = newOwner();
  const [first] = saved.configuration.nics;
  const nics = first === undefined ? [] : [{ ...first, networkName: "red" }];
  const from = { ...saved, configuration: { ...saved.configuration, nics } };
  const request = { owner, name: "web-macs", clusterId, saved: from, disks: [], keepMacs: true };
  const { vmId, remarks } = await buildVm(lab.deps, request, never);
  expect(remarks.map(({ level, code }) => [level, code])).toEqual([
    ["warning", "NIC_WITHOUT_NETWORK"],
    ["warning", "MAC_IN_USE"],
  ]);
  await undoRestore(lab.deps, { owner, vmName: "web-macs", diskIds: [] }, never);
  await expect(lab.hypervisor.getVm(vmId, never)).rejects.toMatchObject({ code: "VM_NOT_FOUND" });
});

test("a name that the user's VM has is refused, and undoing does not touch that VM", async () => {
  const owner = newOwner();
  const request = { owner, name: "web", clusterId, saved, disks: [], keepMacs: false };
  await expect(buildVm(lab.deps, request, never)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  await undoRestore(lab.deps, { owner, vmName: "web", diskIds: source.disks.map(({ id }) => id) }, never);
  expect(await lab.hypervisor.getVm(source.id, never)).toMatchObject({ name: "web", disks: [{}, {}] });
});

test("R6: a restore is taken back from any step, in reverse, and twice", async () => {
  const owner = newOwner();
  const name = "web-undone";
  const made = await fill(owner);
  const diskIds = made.map(({ targetDiskId }) => targetDiskId);
  await buildVm(lab.deps, { owner, name, clusterId, saved, disks: made, keepMacs: false }, never);
  expect(await ours(owner)).toHaveLength(3);
  await undoRestore(lab.deps, { owner, vmName: name, diskIds }, never);
  await undoRestore(lab.deps, { owner, vmName: name, diskIds }, never);
  expect(await ours(owner)).toEqual([]);

  const other = newOwner();
  const [half] = await makeDisks(lab.deps, { owner: other, disks: targets() }, never);
  const diskId = half?.targetDiskId ?? "";
  await openDisk(
    lab.deps,
    { owner: other, diskId, direction: "upload", repeated: false },
    async () => undefined,
    never,
  );
  await undoRestore(lab.deps, { owner: other, vmName: undefined, diskIds: [diskId] }, never);
  expect((await ours(other)).map(({ id }) => id)).not.toContain(diskId);
  expect((await lab.leftovers()).transfers).toEqual([]);
});

test("an upload that the engine refuses fails the disk, which the engine has removed", async () => {
  const owner = newOwner();
  const [made] = await makeDisks(lab.deps, { owner, disks: targets().slice(0, 1) }, never);
  const diskId = made?.targetDiskId ?? "";
  const opened = await openDisk(
    lab.deps,
    { owner, diskId, direction: "upload", repeated: false },
    async () => undefined,
    never,
  );
  await lab.control("POST", `/disks/${diskId}/fail-upload`);
  await expect(finishDisk(lab.deps, { transferId: opened.transferId, diskId }, never)).rejects.toMatchObject({
    code: "TRANSFER_FAILED",
  });
  expect(await ours(owner)).toEqual([]);
});

test("an answer lost while a VM is made does not make a second one", async () => {
  const owner = newOwner();
  await lab.control("POST", "/faults", { route: "POST /vms", effect: { kind: "drop", when: "after" } });
  await lab.control("POST", "/faults", { route: "POST /disks", effect: { kind: "drop", when: "after" } });
  const disks = await makeDisks(lab.deps, { owner, disks: targets().slice(0, 1) }, never);
  const { vmId } = await buildVm(
    lab.deps,
    { owner, name: "web-lossy", clusterId, saved, disks, keepMacs: false },
    never,
  );
  expect(new Set((await ours(owner)).map(({ id }) => id))).toEqual(new Set([vmId, disks[0]?.targetDiskId]));
  await undoRestore(
    lab.deps,
    { owner, vmName: "web-lossy", diskIds: disks.map(({ targetDiskId }) => targetDiskId) },
    never,
  );
  expect(await ours(owner)).toEqual([]);
});
