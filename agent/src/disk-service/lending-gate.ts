import { DiskService } from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { openTaskToken, type TaskClaims, taskTokenHeader } from "@holdfast/shared/identity/task-token";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { requireCaller } from "@holdfast/shared/rpc/admission";
import type { CallContext } from "@holdfast/shared/rpc/implementation";

/** What a borrower is allowed: one disk, by its certificate's key. */
export interface LendPermission {
  readonly keyId: string;
  readonly claims: Pick<TaskClaims, "taskId" | "attemptId" | "diskId">;
}

/** What deciding needs. */
export interface LendingGateDeps {
  /** This agent: tokens for another lender are not for us. */
  readonly agentId: string;
  readonly trust: TrustKeeper;
  readonly clock: Clock;
}

/** The one place that decides who may read disks through this agent: agents that show a token to borrow from it. */
export class LendingGate {
  readonly #deps: LendingGateDeps;
  readonly #permissions = new WeakMap<CallContext, LendPermission>();

  constructor(deps: LendingGateDeps) {
    this.#deps = deps;
  }

  /** Lets a call in, or throws UNAUTHENTICATED, IDENTITY_REVOKED, PERMISSION_DENIED or TOKEN_REFUSED. */
  readonly admit = (call: CallContext): void => {
    const { trust, agentId, clock } = this.#deps;
    const { name, keyId } = requireCaller(call, trust.current.installationId);
    if (trust.isRevoked(keyId))
      throw new HoldfastError("IDENTITY_REVOKED", `the certificate of ${name.role} ${name.id} was revoked`);
    // Health and reflection are for every member.
    if (!call.method.startsWith(`${DiskService.typeName}/`)) return;
    if (name.role !== "agent")
      throw new HoldfastError("PERMISSION_DENIED", `${call.method} is not for the role ${name.role}`);
    const token = call.metadata.get(taskTokenHeader);
    if (token === undefined) throw refused("none was shown");
    const claims = openTaskToken(token, { trust: trust.current, keyId, nowMs: clock.nowMs() });
    if (claims.operation !== "lend") throw refused(`it is for ${claims.operation}`);
    if (claims.lenderId !== agentId) throw refused("it is for another lender");
    this.#permissions.set(call, { keyId, claims });
  };

  /** What the token of an admitted call allows. */
  readonly permissionOf = (call: CallContext): LendPermission => {
    const permission = this.#permissions.get(call);
    if (permission === undefined) throw new TypeError(`${call.method} was let in without a task token`);
    return permission;
  };
}

/** TOKEN_REFUSED unless the permission is for this disk of this attempt. */
export const requireLoanOf = (
  { claims }: LendPermission,
  asked: { readonly taskId: string; readonly attemptId: string; readonly diskId: string },
): void => {
  if (claims.taskId !== asked.taskId || claims.attemptId !== asked.attemptId)
    throw refused("it is for another attempt");
  if (claims.diskId !== asked.diskId) throw refused("it is for another disk");
};

const refused = (why: string): HoldfastError => new HoldfastError("TOKEN_REFUSED", `the task token is refused: ${why}`);
