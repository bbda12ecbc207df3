/** A mark on VMs and hosts: a VM with it runs only on hosts that have it too. */
export interface AffinityLabel {
  readonly id: string;
  name: string;
  vmIds: string[];
  hostIds: string[];
}
