import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { RestoreService } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ShownVm, openEngineView } from "../harness/engine-view.ts";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Reference, copyNextBackup, expectDiskEquals } from "../harness/reference.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let alpha: Lab;
let beta: Lab;
let vm: LabVm;
let original: ShownVm;

/** The newest point of the VM, and what the lab saw when it was captured. */
let pointId: string;
let reference: Reference;

const blue = { name: "blue", network: "backbone" };

beforeAll(async () => {
  story = await openStory({
    labs: [
      {
        ...twoClusters("alpha"),
        vnicProfiles: [blue, { name: "green", network: "dmz" }],
        templates: [
          {
            name: "golden",
            disks: [{ alias: "golden_root", size: 16 * MiB, fill: { seed: "golden", bytes: 5 * MiB } }],
          },
        ],
      },
      { ...twoClusters("beta"), vnicProfiles: [blue] },
    ],
    agents: [
      { name: "alpha-east", manager: "alpha", cluster: "east" },
      { name: "beta-east", manager: "beta", cluster: "east" },
    ],
  });
  alpha = story.lab("alpha");
  beta = story.lab("beta");
  vm = await alpha.control.addVm({
    name: "shop",
    cluster: "east",
    status: "up",
    template: "golden",
    description: "till & <stock>",
    memory: 2048 * MiB,
    sockets: 2,
    cores: 3,
    os: "rhel_9x64",
    bios: "q35_ovmf",
    nics: [
      { name: "nic1", profile: "blue" },
      { name: "nic2", profile: "green" },
    ],
    disks: [
      { alias: "root", templateDisk: "golden_root", bootable: true },
      { alias: "data", size: 8 * MiB + 512, interface: "virtio", fill: { seed: "data", bytes: 3 * MiB } },
      { alias: "log", size: 8 * MiB, format: "raw", interface: "sata", fill: { seed: "log", bytes: 2 * MiB } },
      { alias: "scratch", size: 4 * MiB, fill: { seed: "scratch", bytes: 2 * MiB } },
      { alias: "quorum", size: 4 * MiB, format: "raw", shareable: true },
      { alias: "spare", size: 4 * MiB, active: false },
    ],
  });
  original = await show(alpha, "shop");
  await story.operator.createJob("shop", [vm.id], { excludedDisks: ["shop:scratch"] });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const show = async (lab: Lab, name: string): Promise<ShownVm> => {
  await using view = await openEngineView(lab);
  return present(await view.findVm(name));
};

const idOf = (alias: string): string => present(vm.disks.find((disk) => disk.alias === alias)).id;
const kept = ["data", "log", "root"];

const backUp = async (folder: string): Promise<Session> => {
  reference = await copyNextBackup(story, alpha, vm.id, folder);
  const session = await story.operator.runJob("shop");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  pointId = present(session.tasks[0]).pointId;
  return session;
};

const decisions = (disks: readonly { readonly alias: string; readonly mode: string; readonly reason: string }[]) =>
  Object.fromEntries(disks.map(({ alias, mode, reason }) => [alias, `${mode} (${reason})`]));

const skipped = {
  scratch: "skipped (disk-excluded)",
  quorum: "skipped (shareable)",
  spare: "skipped (not-active)",
};

/** Every kept disk of the restored VM holds what the lab saw, the machine is what it was, and nothing else is there. */
const expectRestored = async (lab: Lab, name: string, session: Session, cluster: string): Promise<ShownVm> => {
  const restored = await show(lab, name);
  expect(restored).toMatchObject({ cluster, status: "down", hardware: original.hardware });
  expect(restored.disks).toStrictEqual(
    original.disks.filter(({ alias }) => kept.includes(alias)).map((disk) => ({ ...disk, id: expect.any(String) })),
  );
  for (const { id, alias } of restored.disks) await expectDiskEquals(story, lab, id, reference.fileOf(idOf(alias)));
  expect(session.tasks[0]).toMatchObject({ restoredVmId: restored.id, restoredVmName: name });
  return restored;
};

/** What may be on a lab: VMs that restores made, with their disks, and checkpoints of the VM. */
const expectOnly = async (lab: Lab, ...vmIds: readonly string[]): Promise<void> => {
  const { disks, checkpoints } = await lab.control.leftovers();
  await expectNothingLeft(lab, {
    vms: vmIds,
    disks: disks.filter((disk) => disk.vmIds.some((id) => vmIds.includes(id))).map(({ id }) => id),
    checkpoints: checkpoints.slice(0, 1).map(({ id }) => id),
  });
};

const allowedOn = new Map<string, string[]>([
  ["alpha", []],
  ["beta", []],
]);

const remember = (name: string, vmId: string): readonly string[] => {
  const known = present(allowedOn.get(name));
  known.push(vmId);
  return known;
};

test("each disk is read as it needs, in full and then by its changes, and what is skipped has a reason (R4)", async () => {
  const plan = await story.installation.api.service(JobService).planJob({ job: "shop" }, call);
  const first = await backUp("first");
  const modes = {
    ...skipped,
    root: "full (no-base)",
    data: "full (no-base)",
    log: "full (raw-disk)",
  };
  expect(decisions(present(plan.vms[0]).disks)).toStrictEqual(modes);
  expect(decisions(present(first.tasks[0]).disks)).toStrictEqual(modes);
  expect(
    present(first.tasks[0])
      .remarks.map(({ level, code }) => `${level} ${code}`)
      .sort(),
  ).toStrictEqual(["notice NOT_ACTIVE", "notice RAW_DISK", "notice SHAREABLE"]);

  for (const [index, alias] of kept.entries()) {
    const place = { offset: (index + 1) * MiB + 8192, length: 65_536 };
    await writeAsGuest(alpha, { vmId: vm.id, diskId: idOf(alias) }, [place], index);
  }
  const second = await backUp("second");
  expect(decisions(present(second.tasks[0]).disks)).toStrictEqual({
    ...skipped,
    root: "incremental (tracking-good)",
    data: "incremental (tracking-good)",
    log: "compare (raw-disk)",
  });
  expect(second.bytes).toMatchObject({ storedBytes: BigInt(3 * MiB) });
  await expectOnly(alpha);
});

test("a plan of a restore tells what would be made where, and makes nothing", async () => {
  const restores = story.installation.api.service(RestoreService);
  const planned = await restores.planRestore({ pointId, name: "later", target: { manager: "beta" } }, call);
  expect(planned).toMatchObject({
    name: "later",
    managerName: "beta",
    clusterName: "east",
    storageDomainName: "data1",
    placement: "agent of the target cluster east",
  });
  expect(
    Object.fromEntries(planned.disks.map(({ alias, sizeBytes, format }) => [alias, `${sizeBytes} ${format}`])),
  ).toStrictEqual({ data: `${8 * MiB + 512} cow`, log: `${8 * MiB} raw`, root: `${16 * MiB} cow` });
  expect(Object.fromEntries(planned.remarks.map(({ code, diskId }) => [diskId, code]))).toStrictEqual(
    Object.fromEntries(Object.keys(skipped).map((alias) => [idOf(alias), "DISK_NOT_IN_POINT"])),
  );
  await expectOnly(beta);
});

test("a VM comes back as a new VM with its hardware, NICs and disks, beside the old one (R1)", async () => {
  const session = await story.operator.restoreVm(pointId, "shop-back");
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  const [told, left] = [present(session.tasks[0]).remarks, Object.keys(skipped)];
  expect(told.slice(0, left.length).map(({ code }) => code)).toStrictEqual(left.map(() => "DISK_NOT_IN_POINT"));
  expect(told.slice(left.length)).toMatchObject([
    { level: "notice", code: "SETTING_NOT_RESTORED", message: "template was golden and is nothing" },
  ]);
  const restored = await expectRestored(alpha, "shop-back", session, "east");
  expect(restored.nics).toStrictEqual(original.nics);
  expect(
    restored.macs.filter((mac) => original.macs.includes(mac)),
    "addresses that two VMs have",
  ).toStrictEqual([]);
  await expectOnly(alpha, ...remember("alpha", restored.id));
});

test("a VM comes back in another cluster", async () => {
  const session = await story.operator.restoreVm(pointId, "shop-west", { cluster: "west" });
  const restored = await expectRestored(alpha, "shop-west", session, "west");
  expect(restored.nics).toStrictEqual(original.nics);
  await expectOnly(alpha, ...remember("alpha", restored.id));
});

test("a VM comes back on another manager, without the network that is not there, and says so", async () => {
  const session = await story.operator.restoreVm(pointId, "shop", { manager: "beta", cluster: "west" });
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(session.tasks[0]?.remarks).toContainEqual(
    expect.objectContaining({ code: "NIC_WITHOUT_NETWORK", message: expect.stringContaining("green") }),
  );
  const restored = await expectRestored(beta, "shop", session, "west");
  expect(restored.nics.map(({ name, profile }) => [name, profile])).toStrictEqual([
    ["nic1", "blue"],
    ["nic2", ""],
  ]);
  await expectOnly(beta, ...remember("beta", restored.id));
});

test("a name that is taken is refused before anything is made", async () => {
  await expect(story.operator.restoreVm(pointId, "shop")).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    message: expect.stringContaining("manager alpha has a VM shop"),
  });
  await expectOnly(alpha, ...present(allowedOn.get("alpha")));
});

/** Restores while something is broken for good: the session fails with these words, and nothing of it is left. */
const expectTakenBack = async (name: string, words: string): Promise<void> => {
  const session = await story.operator.restoreVm(pointId, name);
  await alpha.control.clearFaults();
  expect(session.result, describeSession(session)).toBe(Result.FAILED);
  expect(describeSession(session)).toContain(words);
  expect(session.tasks[0]).toMatchObject({ restoredVmId: "", restoredVmName: "" });
  await expectOnly(alpha, ...present(allowedOn.get("alpha")));
};

test("a restore whose VM cannot be made takes its disks back, and says why (R6)", async () => {
  const words = "There is not enough room for it";
  await alpha.control.armFault({
    route: "POST /vms",
    times: 100,
    effect: { kind: "fault", status: 400, detail: `[Cannot add VM. ${words}.]` },
  });
  await expectTakenBack("shop-unmade", words);
});

test("a restore whose disks cannot be written takes them back (R6)", async () => {
  await alpha.control.armImageioFault({ fault: { kind: "fail-writes", count: 10_000 } });
  await expectTakenBack("shop-unwritten", "DISK_WRITE_FAILED");
});

test("an upload that the engine finds broken costs an attempt, and its disks are taken back (R6)", async () => {
  const before = new Set((await alpha.control.leftovers()).disks.map(({ id }) => id));
  await alpha.control.armImageioFault({ fault: { kind: "delay", ms: 1_000 } });
  const ended = story.operator.restoreVm(pointId, "shop-again");
  const made = await until("a new disk of the restore", async () => {
    const { disks, transfers } = await alpha.control.leftovers();
    return transfers.length > 0 && disks.find(({ id }) => !before.has(id));
  });
  await alpha.control.failUpload(made.id);
  await alpha.control.clearFaults();
  const session = await ended;
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(session.tasks[0]?.attempts.map(({ state }) => state)).toStrictEqual(["failed", "succeeded"]);
  const restored = await expectRestored(alpha, "shop-again", session, "east");
  await expectOnly(alpha, ...remember("alpha", restored.id));
});
