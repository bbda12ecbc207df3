import { sibling } from "@holdfast/shared/threads/sibling";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import { expect, it } from "vitest";
import { type LaneCalls, LanePool } from "./lane-pool.ts";

it("work whose thread died fails with why it died, and so does work that waits for it", async () => {
  const open = () =>
    new WorkerThread<LaneCalls<string, string>>(sibling(import.meta, "testing/crashing-worker"), {
      ending: "terminate",
    });
  await using pool = new LanePool<string, string>(open, 1);
  const { signal } = new AbortController();
  await pool.prepare("ready", 1, signal);
  const { answer } = await pool.submit("break", signal);
  const died = { code: "INTERNAL", message: "a worker thread died: the lane broke" };
  await expect(answer).rejects.toMatchObject(died);
  const later = await pool.submit("ready", signal);
  await expect(later.answer).rejects.toMatchObject(died);
});
