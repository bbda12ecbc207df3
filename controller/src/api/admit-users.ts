import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Admit } from "@holdfast/shared/rpc/admission";
import type { Users } from "../identity/users.ts";
import { includesRole, leastRoleOf } from "./method-roles.ts";

/**
 * Lets operators call what their role may: UNAUTHENTICATED without a token that is believed, PERMISSION_DENIED beyond its role.
 * Whatever is more than looking is told in the log, with who asked for it.
 */
export const admitUsers =
  (users: Pick<Users, "check">, log: Logger): Admit =>
  async ({ method, metadata, peer, correlationId }) => {
    const least = leastRoleOf(method);
    if (least === "anybody") return;
    const user = await users.check(metadata.get("authorization"));
    const who = { user: user.name, userId: user.tokenId, role: user.role, method, peer, correlationId };
    if (least === undefined || !includesRole(user.role, least)) {
      log.warn("a user was refused", who);
      const needed = least === undefined ? "nobody may" : `${least} is needed`;
      throw new HoldfastError("PERMISSION_DENIED", `${user.name} has role ${user.role}, for ${method} ${needed}`);
    }
    if (least !== "viewer" && !isLooking(method)) log.info("a user asked for a change", who);
  };

const isLooking = (method: string): boolean => /\/(?:Get|List|Watch)[A-Z]/.test(method);
