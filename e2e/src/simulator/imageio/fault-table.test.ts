import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { FaultTable } from "./fault-table.ts";

const never = new AbortController().signal;

test("requests that are held back go on when the faults are cleared, and those after them at once", async () => {
  const faults = new FaultTable();
  faults.set("*", { kind: "delay", ms: 3_600_000 });
  const held = [faults.hold("T", systemClock, never), faults.hold("U", systemClock, never)];
  faults.clear();
  await Promise.all([...held, faults.hold("T", systemClock, never)]);
});

test("a request that is held back ends with its client, before and after faults were cleared", async () => {
  const faults = new FaultTable();
  const hold = async (): Promise<void> => {
    const client = new AbortController();
    faults.set("T", { kind: "delay", ms: 3_600_000 });
    const held = faults.hold("T", systemClock, client.signal);
    client.abort(new Error("the client went away"));
    await expect(held).rejects.toThrow("the client went away");
  };
  await hold();
  faults.clear();
  await hold();
});
