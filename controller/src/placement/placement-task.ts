/** What placement has to know of a task: where its VM runs, or for a restore where its disks are going to be. */
export interface PlacementTask {
  readonly isRestore: boolean;
  readonly managerId: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly managerName: string;
  /** Name and address of the host that runs the VM; empty when none does. */
  readonly hostNames: readonly string[];
}
