import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { until } from "../../harness/until.ts";
import type { ApiClient, Tree } from "./api-client.ts";
import { type Lab, smallConfig } from "./lab.ts";

/** What guests run instead of an agent. */
const standIn = [process.execPath, fileURLToPath(new URL("stand-in-guest.ts", import.meta.url))];

/** A Manager whose template `worker` boots the stand-in. */
export const workerConfig = (changes: Parameters<typeof smallConfig>[0] = {}) =>
  smallConfig({
    guest: { command: standIn },
    templates: [
      { name: "worker", guest: "agent", nics: [{ name: "nic1" }], disks: [{ alias: "worker-root", size: "1MiB" }] },
      { name: "dead", guest: "none", nics: [{ name: "nic1" }], disks: [{ alias: "dead-root", size: "1MiB" }] },
    ],
    ...changes,
  });

/** Creates a VM by the API and waits until it is down; answers its id. */
export const makeVm = async (api: ApiClient, name: string, changes: Tree = {}): Promise<string> => {
  const { query = "", ...body } = changes;
  const wanted = { name, cluster: { name: "hybrid" }, template: { name: "worker" }, ...body };
  const reply = await api.post(`/vms${query}`, wanted);
  if (reply.status !== 201) throw new Error(`make ${name}: ${reply.status} ${reply.text}`);
  await untilStatus(api, reply.json.id, "down");
  return reply.json.id;
};

/** Waits for a status of a VM; answers the VM. */
export const untilStatus = async (api: ApiClient, vmId: string, status: string): Promise<Tree> =>
  (await api.until(`/vms/${vmId}`, ({ json }) => json?.status === status)).json;

/** Does an action of a VM that is expected to be taken. */
export const act = async (api: ApiClient, vmId: string, action: string, body: Tree = {}): Promise<void> => {
  const reply = await api.post(`/vms/${vmId}/${action}`, body);
  if (reply.status !== 200) throw new Error(`${action}: ${reply.status} ${reply.text}`);
};

/** User data that writes the stand-in's configuration and enables it. */
export const userData = (config: string): string =>
  `write_files:
  - path: /etc/holdfast/agent.yaml
    permissions: "0600"
    content: ${JSON.stringify(config)}
runcmd:
  - [systemctl, enable, --now, holdfast-agent.service]
`;

/** Starts a VM run-once with that user data and waits until it is up. */
export const startWith = async (api: ApiClient, vmId: string, config: string, changes: Tree = {}): Promise<Tree> => {
  const initialization = { host_name: "worker", custom_script: userData(config), ...changes };
  await act(api, vmId, "start", { use_cloud_init: "true", vm: { initialization } });
  return untilStatus(api, vmId, "up");
};

/** The folder of a VM's guest. */
export const guestDir = (lab: Lab, vmId: string): string => join(lab.directory, "s", "vms", vmId);

/** What the stand-in wrote down so far. */
export const readRecord = async (lab: Lab, vmId: string): Promise<readonly Tree[]> => {
  const path = join(guestDir(lab, vmId), "root/var/lib/holdfast/agent/record.jsonl");
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
};

/** Waits until the stand-in wrote so many lines. */
export const untilRecorded = (lab: Lab, vmId: string, lines: number): Promise<readonly Tree[]> =>
  until(`${lines} lines of the guest`, async () => {
    const record = await readRecord(lab, vmId);
    return record.length >= lines && record;
  });

/** The statuses that the lab saw a VM take. */
export const statusesOf = async (lab: Lab, vmId: string): Promise<readonly string[]> =>
  (await lab.control.vmHistory(vmId)).changes.map(({ status }) => status);
