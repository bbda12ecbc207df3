import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import {
  noClaims,
  signTaskToken,
  type TaskClaims,
  taskTokenLifeMs,
  type TokenSigner,
} from "@holdfast/shared/identity/task-token";
import type { Origin } from "@holdfast/shared/format/manifest-schema";
import type { Try } from "../sessions/task-work.ts";
import type { MemberRegistry } from "./member-registry.ts";

/** What a reading by an operator is of. */
export interface ReadablePoint extends Pick<TaskClaims, "pointId" | "repositoryId" | "engineInstanceId" | "vmId"> {}

/** Signs what agents and operators are allowed to do; each token is good for one key only. */
export interface TaskTokens {
  /** Writes this attempt's point, and reads its base. */
  forBackup(what: Try): string;
  /** Reads one point. */
  forRestore(what: Try, pointId: string): string;
  /** Reads the point that this attempt copies. */
  forCopySource(what: Try, point: Pick<TaskClaims, "repositoryId" | "pointId">): string;
  /** Writes this attempt's point, as a copy of that origin. */
  forCopy(what: Try, copy: { readonly vmId: string; readonly origin: Origin }): string;
  /** Reads one disk through the agent that lends it. */
  forLoan(what: Try, loan: Pick<TaskClaims, "lenderId" | "diskId">): string;
  /** Reads one point, for whoever holds this key. */
  forExport(point: ReadablePoint, keyId: string, lifeMs: number): string;
}

interface TokenDeps {
  readonly installationId: string;
  readonly signer: TokenSigner;
  readonly members: Pick<MemberRegistry, "find">;
  readonly clock: Clock;
}

/** Tokens of an installation; IDENTITY_MISSING for an agent that is no member. */
export const createTaskTokens = (deps: TokenDeps): TaskTokens => {
  const sign = (claims: Partial<TaskClaims> & Pick<TaskClaims, "operation" | "keyId">, lifeMs: number): string => {
    const issuedMs = deps.clock.nowMs();
    const times = { issuedMs, expiresMs: issuedMs + lifeMs };
    return signTaskToken(deps.signer, { ...noClaims, installationId: deps.installationId, ...times, ...claims });
  };
  const ofTry = (what: Try, claims: Partial<TaskClaims> & Pick<TaskClaims, "operation">): string =>
    sign({ ...claimsOf(what), keyId: keyIdOfAgent(deps.members, what.attempt.agentId), ...claims }, taskTokenLifeMs);
  return {
    forBackup: (what) => ofTry(what, { operation: "backup" }),
    forRestore: (what, pointId) => ofTry(what, { operation: "restore", pointId }),
    forCopySource: (what, point) => ofTry(what, { operation: "restore", ...point }),
    forCopy: (what, { vmId, origin }) =>
      ofTry(what, {
        operation: "copy",
        vmId,
        originRepositoryId: origin.repositoryId,
        pointId: origin.pointId,
      }),
    forLoan: (what, loan) => ofTry(what, { operation: "lend", ...loan }),
    forExport: (point, keyId, lifeMs) => sign({ ...point, operation: "export", keyId }, lifeMs),
  };
};

const claimsOf = ({ task, attempt }: Try) => ({
  taskId: task.taskId,
  attemptNumber: attempt.number,
  attemptId: attempt.attemptId,
  engineInstanceId: task.engineInstanceId,
  vmId: task.vmId,
  repositoryId: task.repositoryId,
});

const keyIdOfAgent = (members: Pick<MemberRegistry, "find">, agentId: string): string => {
  const member = members.find("agent", agentId);
  if (member === undefined)
    throw new HoldfastError("IDENTITY_MISSING", `agent ${agentId} is no member of the installation`);
  if (member.revokedMs !== null) throw new HoldfastError("IDENTITY_REVOKED", `agent ${member.name} was revoked`);
  return member.keyId;
};
