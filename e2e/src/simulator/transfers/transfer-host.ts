import type { Engine } from "../engine/engine.ts";
import type { Host } from "../model/inventory.ts";
import type { TransferSource } from "../model/transfer.ts";

/** The host that a capture forces: the one that runs the VM, for live backups always, for hybrid ones if it runs. */
const forcedHost = (engine: Engine, source: TransferSource): string | undefined => {
  if (source.kind !== "backup") return undefined;
  const backup = engine.world.backups.get(source.backupId);
  const vm = engine.world.vms.get(backup?.vmId ?? "");
  return backup?.kind === "live" ? backup.hostId : vm?.hostId;
};

const dataCenterOf = (engine: Engine, source: TransferSource): string | undefined => {
  const disk = engine.world.disks.get(source.diskId);
  return engine.world.storageDomains.get(disk?.storageDomainId ?? "")?.dataCenterId;
};

/** The host whose imageio serves a transfer: forced, or requested, or a random active one that sees the storage. */
export const chooseHost = (engine: Engine, source: TransferSource, requested: string | undefined): Host | undefined => {
  const { hosts, clusters } = engine.world;
  const center = dataCenterOf(engine, source);
  const active = [...hosts.values()].filter(
    (host) => host.status === "up" && clusters.get(host.clusterId)?.dataCenterId === center,
  );
  const wanted = forcedHost(engine, source) ?? requested;
  const found = active.find((host) => host.id === wanted);
  if (wanted !== undefined) return found;
  const [byte = 0] = engine.random(1);
  return active[byte % Math.max(1, active.length)];
};
