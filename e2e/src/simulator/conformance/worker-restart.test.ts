import { isRunning } from "@holdfast/shared/process/process-state";
import { expect, test } from "vitest";

import { until } from "../../harness/until.ts";
import { loggedIn } from "../testing/api-client.ts";
import { startLab } from "../testing/lab.ts";
import { act, makeVm, startWith, untilRecorded, untilStatus, workerConfig } from "../testing/worker-lab.ts";

test.each(["SIGTERM", "SIGKILL"] as const)(
  "guests end with the simulator by %s; started again, running VMs boot and suspended ones resume by booting",
  async (signal) => {
    await using before = await startLab(workerConfig());
    await using api = await loggedIn(before);
    const [running, asleep] = [await makeVm(api, "running"), await makeVm(api, "asleep")];
    for (const id of [running, asleep]) {
      await startWith(api, id, "a: 1\n");
      await untilRecorded(before, id, 1);
    }
    await act(api, asleep, "suspend");
    await untilStatus(api, asleep, "suspended");
    const guests = await Promise.all([running, asleep].map((id) => before.control.workers.guestProcess(id)));

    const lab = await before.restart(signal);
    try {
      for (const guest of guests) {
        const { pid = 0, startTime = 0 } = guest ?? {};
        await until("the guest to be gone", async () => pid > 0 && !(await isRunning(pid, startTime)));
      }
      await using again = await loggedIn(lab);
      expect((await again.get(`/vms/${running}`)).json.status).toBe("up");
      expect((await untilRecorded(lab, running, 2))[1]).toMatchObject({ event: "started", config: "a: 1\n" });
      expect((await again.get(`/vms/${asleep}`)).json.status).toBe("suspended");
      expect(await lab.control.workers.guestProcess(asleep)).toBeUndefined();
      await act(again, asleep, "start");
      await untilStatus(again, asleep, "up");
      expect(await untilRecorded(lab, asleep, 2)).toHaveLength(2);
    } finally {
      await lab[Symbol.asyncDispose]();
    }
  },
);

test("an isolated guest dies with the simulator too", async () => {
  await using before = await startLab(workerConfig({ networks: [{ name: "ovirtmgmt", isolated: true }] }));
  await using api = await loggedIn(before);
  const id = await makeVm(api, "stranded");
  await startWith(api, id, "a: 1\n");
  await untilRecorded(before, id, 1);
  const { pid = 0, startTime = 0 } = (await before.control.workers.guestProcess(id)) ?? {};
  await act(api, id, "suspend");
  await untilStatus(api, id, "suspended");
  expect((await before.control.workers.guestProcess(id))?.state).toBe("T");
  const lab = await before.restart("SIGKILL");
  try {
    await until("the guest to be gone", async () => pid > 0 && !(await isRunning(pid, startTime)));
  } finally {
    await lab[Symbol.asyncDispose]();
  }
});

test("a program that breaks is started again where the lab has a service manager", async () => {
  const { guest } = workerConfig();
  await using lab = await startLab(workerConfig({ guest: { ...guest, restartMs: 0 } }));
  await using api = await loggedIn(lab);
  const id = await makeVm(api, "sturdy");
  await startWith(api, id, "a: 1\n");
  await untilRecorded(lab, id, 1);
  const first = await lab.control.workers.guestProcess(id);
  await lab.control.workers.breakGuest(id);
  await untilRecorded(lab, id, 2);
  expect((await lab.control.workers.guestProcess(id))?.pid).not.toBe(first?.pid);
  await act(api, id, "stop");
  await untilStatus(api, id, "down");
  expect(await lab.control.workers.guestProcess(id)).toBeUndefined();
});
