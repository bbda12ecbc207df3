import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import type { EngineEvent } from "../hypervisor/events.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { readCaptureEvents, remarksOfEvents, troubleIn } from "./capture-events.ts";

const event = (index: number, code: number, severity: string, description = `event ${code}`): EngineEvent => ({
  index,
  code,
  severity,
  timeMs: index,
  description,
  correlationId: "hf-t-1",
  vmId: "v",
});

const never = new AbortController().signal;
const asked = { captureId: "b1", correlationId: "hf-t-1" };

const depsOf = (events: Partial<Hypervisor>) => ({
  hypervisor: events as Hypervisor,
  clock: systemClock,
  log: memoryLogger(),
});

test("what carries the correlation id and what names the backup is one list, each event once", async () => {
  const deps = depsOf({
    listEvents: async () => [event(3, 10_790, "normal"), event(7, 10_793, "normal")],
    listEventsNaming: async () => [event(3, 10_790, "normal"), event(5, 10_806, "error")],
  });
  expect((await readCaptureEvents(deps, asked, never)).map(({ index }) => index)).toEqual([3, 5, 7]);
});

test("of a capture that ended well only its correlation id is looked for, and not that an earlier one of the attempt failed", async () => {
  const deps = depsOf({
    listEvents: async () => [event(2, 10_792, "error"), event(3, 10_790, "normal")],
    listEventsNaming: async () => Promise.reject(new Error("asked in vain")),
  });
  expect(await readCaptureEvents(deps, { ...asked, endedWell: true }, never)).toHaveLength(1);
});

test("a log that cannot be read explains nothing and fails nothing", async () => {
  const deps = depsOf({ listEvents: async () => Promise.reject(new Error("no")), listEventsNaming: async () => [] });
  expect(await readCaptureEvents(deps, asked, never)).toEqual([]);
});

test("troubles of a backup are told as warnings, its plain course and other events are not", () => {
  const events = [
    event(1, 10_790, "normal"),
    event(2, 10_791, "warning"),
    event(3, 10_806, "error", "scratch disk failed"),
    event(4, 10_813, "warning", "snapshot left"),
    event(5, 1_034, "error", "transfer failed"),
    event(6, 10_793, "normal"),
  ];
  expect(remarksOfEvents(events)).toEqual([
    { level: "warning", code: "ENGINE_EVENT", message: "the engine's event 10791: event 10791", diskId: "" },
    { level: "warning", code: "ENGINE_EVENT", message: "the engine's event 10806: scratch disk failed", diskId: "" },
    { level: "notice", code: "ENGINE_EVENT", message: "the engine's event 10813: snapshot left", diskId: "" },
  ]);
  expect(troubleIn(events)).toBe("scratch disk failed; snapshot left; transfer failed");
});
