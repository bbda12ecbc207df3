import type { EngineEvent } from "../model/event.ts";
import type { VmStatus } from "../model/vm.ts";
import { callControl } from "./call-control.ts";

/** The part of the control endpoint that stands in the way of backups. */
export class HindranceClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Holds a disk locked, as an operation of the engine does, or lets it go. */
  async lockDisk(diskId: string, locked: boolean): Promise<void> {
    await callControl(this.#origin, "POST", `/disks/${diskId}/lock`, { locked });
  }

  /** Shows a VM in a status, whatever it does. */
  async showStatus(vmId: string, status: VmStatus): Promise<void> {
    await callControl(this.#origin, "POST", `/vms/${vmId}/shown-status`, { status });
  }

  /** Begins a backup of a VM as another product does; answers its id. */
  async beginBackup(vmId: string): Promise<string> {
    return ((await callControl(this.#origin, "POST", `/vms/${vmId}/backups`, {})) as { id: string }).id;
  }

  /** Ends a backup that is ready; its checkpoint stays. */
  async endBackup(backupId: string): Promise<void> {
    await callControl(this.#origin, "POST", `/backups/${backupId}/end`, {});
  }

  /** The engine's log, oldest first. */
  async events(): Promise<readonly EngineEvent[]> {
    return (await callControl(this.#origin, "GET", "/events")) as EngineEvent[];
  }
}
