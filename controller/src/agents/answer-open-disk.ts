import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OpenDiskRequest, OpenDiskResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { OpenedDisk } from "../capture/open-disk.ts";
import type { Host } from "../hypervisor/inventory.ts";
import { type DiskRoute, routeFor } from "../placement/route-for.ts";
import type { OpenableDisk, TaskWork, Try } from "../sessions/task-work.ts";
import { findLoan, loanIdOf } from "./loans.ts";
import { type AskedFrom, type VerbDeps, askingAgent, tryOfAgent } from "./verb-deps.ts";

type Answer = MessageInitShape<typeof OpenDiskResponseSchema>;
type Held = Try & { readonly work: TaskWork };

/**
 * Verb `open-disk`: the ticket of one disk, to the agent that holds the attempt, or to the one that a loan names (A11). An agent
 * that cannot reach the host is told who lends it the disk instead.
 */
export const answerOpenDisk = async (deps: VerbDeps, request: OpenDiskRequest, from: AskedFrom): Promise<Answer> => {
  const agentId = askingAgent(from, request.agentId);
  const what =
    request.loanId === ""
      ? await tryOfAgent(deps, request.attemptId, agentId)
      : await findLoan(deps, { ...request, agentId });
  refuseEnded(what);
  const disk = what.work.openable(what, request.diskId);
  const state = deps.tickets.look(what, disk, request.brokenTransferId);
  if (state.kind === "failed") throw state.error;
  if (state.kind === "opening")
    return { v: 1, access: { case: "preparing", value: `the engine opens disk ${disk.diskId}` } };
  const open = { disk, opened: state.disk };
  const route = request.loanId === "" ? routeOf(deps, what, open, new Set(request.avoidedRoutes)) : own;
  if (route.kind === "loan") return loanAnswer(deps, what, { ...open, route });
  return imageAnswer(deps, what, open);
};

const own: DiskRoute = { kind: "own" };

const refuseEnded = ({ attempt, task }: Held): void => {
  if (attempt.state === "open" && task.state === "running") return;
  throw new HoldfastError("ATTEMPT_FENCED", `attempt ${attempt.attemptId} is ${attempt.state}, its task ${task.state}`);
};

interface OpenDisk {
  readonly disk: OpenableDisk;
  readonly opened: OpenedDisk;
}

const hostOf = (deps: VerbDeps, { task }: Held, { opened }: OpenDisk): Host | undefined =>
  deps.managers.find(task.managerId)?.inventory?.hosts.find(({ id }) => id === opened.hostId);

/** Writing has no lender: a restore goes by itself, or by the engine's proxy. */
const routeOf = (deps: VerbDeps, what: Held, open: OpenDisk, avoided: ReadonlySet<string>): DiskRoute => {
  const host = hostOf(deps, what, open);
  const agents = deps.agents.placed(new Map());
  const agent = agents.find(({ agentId }) => agentId === what.attempt.agentId);
  if (open.disk.direction === "upload" || host === undefined || agent === undefined) return own;
  return routeFor(
    agent,
    { name: host.name, address: host.address, managerId: what.task.managerId, clusterId: host.clusterId },
    agents,
    avoided,
  );
};

interface Loan extends OpenDisk {
  readonly route: DiskRoute & { readonly kind: "loan" };
}

const loanAnswer = (deps: VerbDeps, what: Held, { disk, opened, route: { lender } }: Loan): Answer => ({
  v: 1,
  access: {
    case: "loan",
    value: {
      loanId: loanIdOf(what.attempt.attemptId, disk.diskId, lender.agentId),
      agentId: lender.agentId,
      address: lender.diskServiceAddress,
      sizeBytes: BigInt(disk.sizeBytes),
      hasDirty: disk.hasDirty,
      transferId: opened.transferId,
      taskToken: deps.taskTokens.forLoan(what, { lenderId: lender.agentId, diskId: disk.diskId }),
    },
  },
});

const imageAnswer = (deps: VerbDeps, what: Held, open: OpenDisk): Answer => ({
  v: 1,
  access: {
    case: "image",
    value: {
      transferId: open.opened.transferId,
      transferUrl: open.opened.transferUrl,
      proxyUrl: open.opened.proxyUrl ?? "",
      anchorPem: deps.managers.get(what.task.managerId).record.imageioAnchorPem,
      hostName: hostOf(deps, what, open)?.name ?? "",
      sizeBytes: BigInt(open.disk.sizeBytes),
      hasDirty: open.disk.hasDirty,
      inactivityTimeoutS: deps.settings.transferInactivityS,
    },
  },
});
