/** Whether VMs, or VMs and hosts, belong together (`positive`) or apart; only an enforcing rule forbids a host. */
export interface AffinityRule {
  enabled: boolean;
  enforcing: boolean;
  positive: boolean;
}

/** VMs of one cluster that run together or apart, or on some hosts or not on them. */
export interface AffinityGroup {
  readonly id: string;
  readonly clusterId: string;
  name: string;
  description: string;
  priority: number;
  vmsRule: AffinityRule;
  hostsRule: AffinityRule;
  vmIds: string[];
  hostIds: string[];
}
