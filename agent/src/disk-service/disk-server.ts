import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { openRpcServer, type RpcServer } from "@holdfast/shared/rpc/server";
import { createAttemptDesk } from "../claims/attempt-desk.ts";
import type { Controller } from "../claims/controller.ts";
import { Nudge } from "../claims/nudge.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Route } from "../disks/disk-reader.ts";
import { type OpenDisk, openDisk } from "../disks/open-disk.ts";
import type { AgentMembership } from "../membership/agent-membership.ts";
import { createDiskService, type LoanRequest } from "./disk-service.ts";
import type { LoanBook } from "./loan-book.ts";
import { LendingGate } from "./lending-gate.ts";

/** What serving disks needs of the agent. */
export interface DiskServerDeps {
  readonly config: AgentConfig;
  readonly membership: Pick<AgentMembership, "agentId" | "opened">;
  readonly controller: Controller;
  readonly loans: LoanBook;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** Serves disks to other agents of the installation; undefined when it is configured to serve nowhere. */
export const openDiskServer = async (deps: DiskServerDeps): Promise<RpcServer | undefined> => {
  const { config, membership, loans, clock, random, log } = deps;
  const { trust, holder } = membership.opened;
  if (config.diskService.listen === "") return undefined;
  const gate = new LendingGate({ agentId: membership.agentId, trust, clock });
  const openLoaned = (loan: LoanRequest, signal: AbortSignal): Promise<OpenDisk> => openLoan(deps, loan, signal);
  const { permissionOf, admit } = gate;
  const server = await openRpcServer({
    listen: config.diskService.listen,
    credentials: serverCredentials(holder, { asksForCertificates: true }),
    services: [createDiskService({ openLoan: openLoaned, loans, permissionOf, clock, random, log })],
    admit,
    log,
  });
  trust.onChanged(({ number }) => {
    const reason = new HoldfastError("IDENTITY_REVOKED", `the caller was revoked by trust bundle ${number}`);
    server.endCalls(({ keyId }) => trust.isRevoked(keyId), reason);
  });
  return server;
};

/** A lender is asked because it is near the host; who borrows comes to the proxy by itself. */
const lenderRoutes: readonly Route[] = ["socket", "direct"];

/** Claims the ticket of a lent disk from the controller itself, so that none travels between agents (A11). */
const openLoan = async (
  { config, membership, controller, clock, log }: DiskServerDeps,
  { loanId, taskId, attemptId, diskId }: LoanRequest,
  signal: AbortSignal,
): Promise<OpenDisk> => {
  const desk = createAttemptDesk({ controller, attemptId, loanId, nudge: new Nudge(), clock, log });
  const routes = config.routes.filter((route) => lenderRoutes.includes(route));
  const where = { hostName: config.host, reachableHosts: config.reachableHosts, routes };
  const identity = membership.opened.holder.current;
  return await openDisk(diskId, { desk, where, identity, clock, taskId, attemptId }, signal);
};
