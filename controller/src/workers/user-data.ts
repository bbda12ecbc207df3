import { stringify } from "yaml";
import { type WorkerDefinition, memoryOf } from "./worker-definition.ts";

/** What a worker's guest has to know at its first start. */
export interface UserDataRequest {
  readonly definition: WorkerDefinition;
  readonly managerName: string;
  readonly clusterName: string;
  /** A secret (R12). */
  readonly joinToken: string;
}

/** Where the agent of a worker's image finds its configuration. */
const configFile = "/etc/holdfast/agent.yaml";
const unit = "holdfast-agent.service";

/** The share of a worker's memory that its agent's buffers may take together. */
const budgetShare = 4;
const leastBudgetBytes = 64 * 2 ** 20;

/**
 * User data of a worker: the body of a cloud-config, without the line `#cloud-config`, which the engine adds. It writes the agent's
 * configuration with its join token, readable for root alone, and starts the agent.
 */
export const writeUserData = (request: UserDataRequest): string =>
  stringify(
    {
      write_files: [{ path: configFile, owner: "root:root", permissions: "0600", content: agentConfigOf(request) }],
      runcmd: [["systemctl", "enable", "--now", unit]],
    },
    { lineWidth: 0 },
  );

const agentConfigOf = ({ definition, managerName, clusterName, joinToken }: UserDataRequest): string =>
  stringify(
    {
      name: definition.name,
      dataDir: "/var/lib/holdfast/agent",
      manager: managerName,
      cluster: clusterName,
      slots: definition.tasks,
      memoryBudgetBytes: Math.max(leastBudgetBytes, Math.floor(memoryOf(definition) / budgetShare)),
      // Nobody knows under which address others would reach it, so it lends no disks.
      diskService: { listen: "" },
      joinToken,
    },
    { lineWidth: 0 },
  );
