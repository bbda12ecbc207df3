import type { Permission, Role, User } from "./access.ts";
import type { AffinityGroup } from "./affinity-group.ts";
import type { AffinityLabel } from "./affinity-label.ts";
import type { Backup } from "./backup.ts";
import type { Disk } from "./disk.ts";
import type { EngineEvent } from "./event.ts";
import type { Cluster, DataCenter, Host, Network, StorageDomain, Tag, Template, VnicProfile } from "./inventory.ts";
import type { Job } from "./job.ts";
import type { Transfer } from "./transfer.ts";
import type { Vm } from "./vm.ts";
import type { VmHistory } from "./vm-history.ts";

/** Everything that one engine knows: the single typed model that routes, rules and renderings share. */
export interface World {
  readonly dataCenters: Map<string, DataCenter>;
  readonly clusters: Map<string, Cluster>;
  readonly hosts: Map<string, Host>;
  readonly storageDomains: Map<string, StorageDomain>;
  readonly networks: Map<string, Network>;
  readonly vnicProfiles: Map<string, VnicProfile>;
  readonly tags: Map<string, Tag>;
  readonly templates: Map<string, Template>;
  readonly vms: Map<string, Vm>;
  readonly vmHistories: Map<string, VmHistory>;
  readonly affinityGroups: Map<string, AffinityGroup>;
  readonly affinityLabels: Map<string, AffinityLabel>;
  readonly disks: Map<string, Disk>;
  readonly backups: Map<string, Backup>;
  readonly transfers: Map<string, Transfer>;
  readonly events: EngineEvent[];
  readonly jobs: Map<string, Job>;
  readonly users: Map<string, User>;
  readonly roles: Map<string, Role>;
  readonly permissions: Map<string, Permission>;
  /** Wrong passwords in a row, per login. */
  readonly wrongPasswords: Map<string, number>;
}

/** A world in which nothing exists yet. */
export const emptyWorld = (): World => ({
  dataCenters: new Map(),
  clusters: new Map(),
  hosts: new Map(),
  storageDomains: new Map(),
  networks: new Map(),
  vnicProfiles: new Map(),
  tags: new Map(),
  templates: new Map(),
  vms: new Map(),
  vmHistories: new Map(),
  affinityGroups: new Map(),
  affinityLabels: new Map(),
  disks: new Map(),
  backups: new Map(),
  transfers: new Map(),
  events: [],
  jobs: new Map(),
  users: new Map(),
  roles: new Map(),
  permissions: new Map(),
  wrongPasswords: new Map(),
});
