import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";
import {
  openTaskToken,
  type TaskClaims,
  type TaskOperation,
  taskTokenHeader,
} from "@holdfast/shared/identity/task-token";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import type { Logger } from "@holdfast/shared/logging/logger";
import { requireCaller } from "@holdfast/shared/rpc/admission";
import type { Caller } from "@holdfast/shared/rpc/caller";
import type { CallContext } from "@holdfast/shared/rpc/implementation";

/** What a call of data is allowed by the token that it shows. */
export interface TaskPermission {
  /** Key of the caller's certificate: what it opened is nobody else's. */
  readonly keyId: string;
  readonly claims: TaskClaims;
}

/** Who may call a method: a controller, a controller of any age, any member, or whoever shows a task token for one of these. */
type Rule = "controller" | "controller-of-any-age" | readonly TaskOperation[];

/** Who may call what, whole: a method that does not stand here is nobody's. */
const rules: Readonly<Record<keyof typeof RepositoryService.method, Rule>> = {
  getRepository: "controller",
  updateTrust: "controller-of-any-age",
  // It is there for one that was put back.
  getTrust: "controller-of-any-age",
  // Also one of any age: that it is outdated is what an examination is to find.
  examine: "controller-of-any-age",
  fence: "controller",
  listPoints: "controller",
  getPoint: "controller",
  removePoint: "controller",
  verifyPoint: "controller",
  putConfiguration: "controller",
  listConfigurations: "controller",
  getConfiguration: "controller",
  protectPoint: "controller",
  undeletePoint: "controller",
  confirmClock: "controller",
  verifyRepository: "controller",
  listHurt: "controller",
  getStatistics: "controller",
  collectGarbage: "controller",
  getKeys: "controller",
  putKeys: "controller",
  readUnchecked: ["backup", "copy"],
  vouch: ["backup", "copy"],
  openUpload: ["backup", "copy"],
  findMissing: ["backup", "copy"],
  putRecords: ["backup", "copy"],
  commit: ["backup", "copy"],
  openReading: ["restore", "export"],
  readDisk: ["restore", "export"],
  readLeaves: ["backup", "restore", "export"],
};

/** What each role may be given a token for. */
const operationsOf: Readonly<Partial<Record<PeerRole, readonly TaskOperation[]>>> = {
  agent: ["backup", "restore", "copy"],
  operator: ["export"],
};

const rulesByMethod: ReadonlyMap<string, Rule> = new Map(
  Object.entries(RepositoryService.method).map(([localName, { parent, name }]) => [
    `${parent.typeName}/${name}`,
    rules[localName as keyof typeof rules],
  ]),
);

/** What deciding needs. */
export interface AuthorizerDeps {
  readonly trust: TrustKeeper;
  readonly repositoryId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The one place that decides who may call what. */
export class Authorizer {
  readonly #deps: AuthorizerDeps;
  readonly #permissions = new WeakMap<CallContext, TaskPermission>();
  #isControllerOutdated = false;

  constructor(deps: AuthorizerDeps) {
    this.#deps = deps;
  }

  /** Lets a call in, or throws UNAUTHENTICATED (also for an operator whose certificate has expired), IDENTITY_REVOKED, PERMISSION_DENIED, CONTROLLER_OUTDATED or TOKEN_REFUSED. */
  readonly admit = (call: CallContext): void => {
    const { trust } = this.#deps;
    const caller = requireCaller(call, trust.current.installationId);
    const { role, id } = caller.name;
    if (trust.isRevoked(caller.keyId))
      throw new HoldfastError("IDENTITY_REVOKED", `the certificate of ${role} ${id} was revoked`);
    this.#refuseExpired(caller);
    const rule = rulesByMethod.get(call.method);
    // Health and reflection are for every member.
    if (rule === undefined) return;
    if (typeof rule === "string") this.#admitController(call, caller, rule);
    else this.#permissions.set(call, this.#permit(call, caller, rule));
  };

  /** What the token of an admitted call of data allows. */
  readonly permissionOf = (call: CallContext): TaskPermission => {
    const permission = this.#permissions.get(call);
    if (permission === undefined) throw new TypeError(`${call.method} was let in without a task token`);
    return permission;
  };

  /**
   * An operator's certificate is its permission for an hour, and a connection outlives it. Members renew theirs under their connection,
   * and are revoked.
   */
  #refuseExpired({ name, notAfterMs }: Caller): void {
    if (name.role !== "operator" || this.#deps.clock.nowMs() <= notAfterMs + expirySlackMs) return;
    throw new HoldfastError("UNAUTHENTICATED", `the certificate of operator ${name.id} has expired`);
  }

  #admitController(call: CallContext, { name }: Caller, rule: Rule): void {
    if (name.role !== "controller") throw denied(call, name.role);
    if (rule === "controller-of-any-age") return;
    const shown = Number(call.metadata.get(trustNumberHeader) ?? Number.NaN);
    try {
      this.#deps.trust.assertNotOutdated(Number.isSafeInteger(shown) ? shown : -1);
      this.#tellOutdated(call, undefined);
    } catch (caught) {
      this.#tellOutdated(call, caught);
      throw caught;
    }
  }

  /** A controller asks often: one line when it is refused for the first time, and one when it is believed again. */
  #tellOutdated({ peer }: CallContext, err: unknown): void {
    const isOutdated = err !== undefined;
    if (isOutdated === this.#isControllerOutdated) return;
    this.#isControllerOutdated = isOutdated;
    const { log } = this.#deps;
    if (isOutdated) log.error("the controller is refused: it forgot revocations that were seen here", { peer, err });
    else log.info("the controller is believed again", { peer });
  }

  #permit(call: CallContext, { name, keyId }: Caller, allowed: readonly TaskOperation[]): TaskPermission {
    const { trust, repositoryId, clock } = this.#deps;
    const operations = operationsOf[name.role];
    if (operations === undefined) throw denied(call, name.role);
    const token = call.metadata.get(taskTokenHeader);
    if (token === undefined) throw refused("none was shown");
    const claims = openTaskToken(token, { trust: trust.current, keyId, nowMs: clock.nowMs() });
    if (!operations.includes(claims.operation) || !allowed.includes(claims.operation))
      throw refused(`it is for ${claims.operation}`);
    if (claims.repositoryId !== repositoryId) throw refused("it is for another repository");
    return { keyId, claims };
  }
}

/** The controller's clock, which dated the certificate, may be that much ahead. */
const expirySlackMs = 60_000;

const denied = ({ method }: CallContext, role: PeerRole): HoldfastError =>
  new HoldfastError("PERMISSION_DENIED", `${method} is not for the role ${role}`);

/** TOKEN_REFUSED for a request that a token does not allow. Names nothing of the token itself. */
export const refused = (why: string): HoldfastError =>
  new HoldfastError("TOKEN_REFUSED", `the task token is refused: ${why}`);
