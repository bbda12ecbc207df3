/** A status that a VM took; `removed` when it was deleted. */
export interface VmChange {
  readonly status: string;
  /** Wall clock of the simulator. */
  readonly atMs: number;
}

/** What a VM went through, oldest first; kept when the VM is gone. */
export interface VmHistory {
  readonly vmId: string;
  readonly name: string;
  readonly changes: VmChange[];
}
