import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, test } from "vitest";

import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { fieldsOf } from "../hypervisor/saved-fields.ts";
import type { VmConfiguration } from "../hypervisor/vm-configuration.ts";
import { completeVm } from "./complete-vm.ts";

const never = new AbortController().signal;

const bare: VmConfiguration = {
  v: 1,
  id: "vm",
  name: "vm",
  description: "",
  memoryBytes: 1024,
  cpu: { sockets: 1, cores: 1, threads: 1 },
  bootDevices: ["hd"],
  clusterId: "c",
  customProperties: [],
  nics: [],
  disks: [],
};

const belongings = {
  tags: [],
  affinityLabels: [],
  affinityGroups: [],
  hosts: [],
  cdroms: [],
  watchdogs: [],
  hostDevices: [],
  numaNodes: [],
  mediatedDevices: [],
};

/** An engine that has one VM, and takes the settings that `takes` lets through; tells what it was asked. */
const engineWith = (takes: (field: string) => boolean | HoldfastError) => {
  const asked: (readonly string[])[] = [];
  let vm: VmConfiguration = { ...bare, settings: {} };
  const hypervisor = {
    getVmConfiguration: async () => ({ configuration: vm, ovf: undefined }),
    setSettings: async ({ configuration, fields }: { configuration: VmConfiguration; fields: readonly string[] }) => {
      asked.push(fields);
      const answers = fields.map(takes);
      const refusal = answers.find((answer) => answer instanceof HoldfastError);
      if (refusal instanceof HoldfastError) throw refusal;
      const taken = fields.filter((_, at) => answers[at] === true);
      const values = fieldsOf(configuration);
      const settings = Object.fromEntries(taken.flatMap((field) => [[field, values.get(field) ?? ""]]));
      vm = { ...vm, settings: { ...vm.settings, ...settings } };
    },
    addBelonging: async ({ name }: { name: string }) => {
      asked.push([name]);
      throw new HoldfastError("NOT_FOUND", `no ${name}`);
    },
  } as unknown as Hypervisor;
  return { deps: { hypervisor, clock: systemClock, log: silentLogger }, asked };
};

const complete = (engine: ReturnType<typeof engineWith>, more: Partial<VmConfiguration>) =>
  completeVm(engine.deps, { vmId: "new", clusterId: "c", saved: { ...bare, ...more } }, never);

test("a VM that is as it was is not touched", async () => {
  const engine = engineWith(() => true);
  expect(await complete(engine, {})).toEqual([]);
  expect(engine.asked).toEqual([]);
});

test("what differs is set at once", async () => {
  const engine = engineWith(() => true);
  expect(await complete(engine, { settings: { "io.threads": 3, "usb.enabled": true } })).toEqual([]);
  expect(engine.asked).toEqual([["io.threads", "usb.enabled"]]);
});

test("one refused value does not take the others with it, and is told with the engine's words", async () => {
  const engine = engineWith((field) =>
    field === "io.threads" ? new HoldfastError("ENGINE_FAULT", "too many threads") : true,
  );
  expect(await complete(engine, { settings: { "io.threads": 3, "usb.enabled": true } })).toEqual([
    {
      level: "warning",
      code: "SETTING_NOT_RESTORED",
      message: "io.threads was 3 and is nothing: too many threads",
      diskId: "",
    },
  ]);
  expect(engine.asked).toEqual([["io.threads", "usb.enabled"], ["io.threads"], ["usb.enabled"]]);
});

test("what no call sets is told: a template as planned, devices as missing, a tag that is not there", async () => {
  const engine = engineWith(() => false);
  const saved = { ...belongings, tags: ["gold"], hostDevices: ["pci_0000_01_00_0"], template: "golden" };
  const remarks = await complete(engine, { belongings: saved });
  expect(remarks.map(({ level, message }) => `${level} ${message}`)).toEqual([
    "warning tags was gold and is nothing: no gold",
    "warning host_devices was pci_0000_01_00_0 and is nothing",
    "notice template was golden and is nothing",
  ]);
});

test("a flag that was off and is not shown is the same, though it is asked for", async () => {
  const engine = engineWith(() => false);
  expect(await complete(engine, { settings: { stateless: false } })).toEqual([]);
  expect(engine.asked).toEqual([["stateless"]]);
});

test("R12: of what a guest is told only the field is named, also when the engine refuses it", async () => {
  const engine = engineWith(() => new HoldfastError("ENGINE_FAULT", "bad script: s3cret"));
  const remarks = await complete(engine, { initialization: { texts: { custom_script: "s3cret" }, nics: [] } });
  expect(remarks.map(({ message }) => message)).toEqual(["initialization.custom_script is not what was saved"]);
});

test("an engine that does not answer is asked again later; one that answers nonsense does not undo a restore", async () => {
  const failing = (error: HoldfastError) => {
    const engine = engineWith(() => true);
    const hypervisor = {
      getVmConfiguration: async () => {
        throw error;
      },
    } as unknown as Hypervisor;
    return { ...engine, deps: { ...engine.deps, hypervisor } };
  };
  await expect(complete(failing(new HoldfastError("ENGINE_UNREACHABLE", "gone")), {})).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
  });
  expect(await complete(failing(new HoldfastError("ENGINE_PROTOCOL", "odd")), {})).toEqual([
    expect.objectContaining({ level: "warning", code: "SETTINGS_NOT_COMPARED" }),
  ]);
});

test("values that are refused as conflicts cost one patience altogether, however many they are", async () => {
  const engine = engineWith(() => new HoldfastError("ENGINE_CONFLICT", "not that"));
  let nowMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const settings = { "io.threads": 3, "usb.enabled": true, "cpu.mode": "host_passthrough" };
  const remarks = await complete({ ...engine, deps: { ...engine.deps, clock } }, { settings });
  expect(remarks.map(({ message }) => message)).toEqual([
    "io.threads was 3 and is nothing: not that",
    "usb.enabled was true and is nothing: not that",
    "cpu.mode was host_passthrough and is nothing: not that",
  ]);
  expect(nowMs).toBeLessThanOrEqual(60_000);
});

/** An engine whose VM belongs to what is given, and that takes no further names. */
const engineThatHas = (found: VmConfiguration["belongings"], unread?: readonly string[]) => {
  const engine = engineWith(() => true);
  const getVmConfiguration = async () => ({
    configuration: { ...bare, belongings: found },
    ovf: undefined,
    unread,
  });
  const hypervisor = { ...engine.deps.hypervisor, getVmConfiguration } as unknown as Hypervisor;
  return { ...engine, deps: { ...engine.deps, hypervisor } };
};

test("of a list only the names that are missing are added, and what is said against each of them is told", async () => {
  const engine = engineThatHas({ ...belongings, tags: ["b"] });
  const remarks = await complete(engine, { belongings: { ...belongings, tags: ["a", "b", "c"] } });
  expect(engine.asked).toEqual([["tags"], ["a"], ["c"]]);
  expect(remarks.map(({ message }) => message)).toEqual(["tags was a, b, c and is b: no a; no c"]);
});

test("of what the engine does not tell nothing is said but that it was not compared", async () => {
  const engine = engineThatHas({ hosts: [] }, ["what it is linked to: ENGINE_FAULT: no"]);
  const saved = { ...belongings, tags: ["a"], hosts: ["h"] };
  const remarks = await complete(engine, { belongings: saved });
  expect(remarks.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "SETTING_NOT_RESTORED placement_policy.hosts was h and is nothing",
    "SETTINGS_NOT_COMPARED what it is linked to: ENGINE_FAULT: no",
  ]);
  expect(engine.asked).toContainEqual(["a"]);
});
