import type { z } from "zod";

import { callControl } from "./call-control.ts";
import type { startRefusalSchema } from "./control-schemas.ts";
import type { LabGuest } from "./lab-views.ts";

/** The part of the control endpoint that is about programs in guests, such as workers, and about starts and stops that go wrong. */
export class WorkerClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** The process that runs in a VM's guest; undefined for none. */
  async guestProcess(vmId: string): Promise<LabGuest | undefined> {
    return ((await callControl(this.#origin, "GET", `/vms/${vmId}/guest-process`)) as { process?: LabGuest }).process;
  }

  /** What the newest start of a VM told cloud-init, in the form of the engine's API; undefined when it told nothing. */
  async toldAtStart(vmId: string): Promise<unknown> {
    return ((await callControl(this.#origin, "GET", `/vms/${vmId}/told-at-start`)) as { initialization?: unknown })
      .initialization;
  }

  /** Kills what runs in a VM's guest; the VM stays up. */
  async breakGuest(vmId: string): Promise<void> {
    await callControl(this.#origin, "POST", `/vms/${vmId}/break-guest`);
  }

  /** The next starts of a VM, named by id or name, are refused with these reasons. */
  async refuseStart(refusal: z.input<typeof startRefusalSchema>): Promise<void> {
    await callControl(this.#origin, "POST", "/start-refusals", refusal);
  }

  /** The guest of a VM, named by id or name, ignores shutdowns and reboots, or listens again. */
  async ignoreShutdown(vm: string, ignores = true): Promise<void> {
    await callControl(this.#origin, "POST", "/ignore-shutdown", { vm, ignores });
  }
}
