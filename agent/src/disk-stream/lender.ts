import type { Identity } from "@holdfast/shared/identity/identity";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { openRpcClient, type RpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";

/** An agent that serves a disk to us, and what it is shown; passes between threads. It carries permissions: never logged (R12). */
export interface Lender {
  readonly address: string;
  /** Whose certificate the other agent has to show. */
  readonly agentId: string;
  readonly identity: Identity;
  readonly taskToken: string;
}

/** A connection of its own to a lender, which shows the token with every call. */
export const openLenderClient = ({ address, agentId, identity, taskToken }: Lender): RpcClient =>
  openRpcClient(address, clientCredentials(identity, { role: "agent", id: agentId }), {
    metadata: () => ({ [taskTokenHeader]: taskToken }),
  });
