import type { Logger } from "@holdfast/shared/logging/logger";
import type { Authority } from "./authority.ts";
import type { MemberRegistry } from "./member-registry.ts";

/** Takes bundles of this authority, from whom they came, and believes nobody whom they revoke. */
export type LearnRevocations = (from: string, signed: readonly string[]) => Promise<void>;

interface LearnDeps {
  readonly authority: Pick<Authority, "learn">;
  readonly members: Pick<MemberRegistry, "list" | "change">;
  readonly log: Logger;
}

/**
 * For a controller that was rebuilt from an older backup: what was taken back since is taken back again as soon as a repository that
 * saw it is reached, in the trust bundle, on the bus and in the list of members.
 */
export const createLearnRevocations =
  ({ authority, members, log }: LearnDeps): LearnRevocations =>
  async (from, signed) => {
    for (const bundle of signed) {
      for (const { keyId, name, revokedMs } of await authority.learn(bundle)) {
        log.warn("a revocation was forgotten by the backup and is learnt again", { repository: from, name, revokedMs });
        const member = members.list().find((one) => one.keyId === keyId);
        if (member === undefined) continue;
        await members.change(member.role, member.id, (now = member) =>
          now.keyId === keyId ? { ...now, revokedMs: now.revokedMs ?? revokedMs } : now,
        );
      }
    }
  };
