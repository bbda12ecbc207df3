import { type LabConfig, engineRole } from "../harness/lab.ts";

/** Who may do everything in the two Managers. */
export const administrator = { name: "admin@internal", password: "lab" };

/** Who may do no more than back up and restore. */
export const backupUser = { name: "backup@internal", password: "lab" };

/** A Manager with two clusters (hybrid captures, and live and cold ones), a running VM and one that is down. */
export const managerConfig = (name: string, seed: number): LabConfig => ({
  name,
  users: [
    { ...administrator, roles: [{ role: "SuperUser" }] },
    { ...backupUser, roles: [{ role: engineRole.name }] },
  ],
  roles: [engineRole],
  delays: { pollMs: 1000 },
  clusters: [
    { name: "east", version: "4.7" },
    { name: "west", version: "4.6" },
  ],
  hosts: [
    { name: `${name}-east-1`, cluster: "east" },
    { name: `${name}-west-1`, cluster: "west" },
  ],
  storageDomains: [{ name: "data", size: "100GiB" }],
  vms: [
    {
      name: "web",
      cluster: "east",
      status: "up",
      nics: [{ name: "nic1" }],
      disks: [{ alias: "web-root", size: "64MiB", fill: { seed, bytes: "16MiB" } }],
    },
    {
      name: "db",
      cluster: "west",
      disks: [
        { alias: "db-root", size: "64MiB", fill: { seed: seed + 1, bytes: "8MiB" } },
        { alias: "db-raw", size: "32MiB", format: "raw", fill: { seed: seed + 2, bytes: "4MiB" } },
      ],
    },
  ],
});
