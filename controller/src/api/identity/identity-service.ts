import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  IdentityService,
  type InviteRequest,
  type MemberSchema,
  type UserTokenSchema,
} from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { userRoles } from "@holdfast/shared/identity/user-token";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { enroll } from "../../identity/enroll.ts";
import { type InviteWish, invite } from "../../identity/invite.ts";
import { type Member, memberSchema } from "../../identity/member.ts";
import { renew } from "../../identity/renew.ts";
import { revokeMember } from "../../identity/revoke-member.ts";
import type { User } from "../../identity/user.ts";
import type { ApiDeps } from "../api-deps.ts";

const secondMs = 1_000;
const dayMs = 86_400_000;

/** `holdfast.controller.v1.IdentityService`. */
export const serveIdentity = ({ identity, users, repositories, onRevoked }: ApiDeps): ServedService =>
  serveService(IdentityService, {
    enroll: (request) => enroll(identity, request),
    renew: (request) => renew(identity, request),
    getTrust: async () => ({ trust: identity.authority.trust.signed }),
    invite: async (request) => {
      const { joinToken, inviteId, expiresMs } = await invite(identity, toWish(request));
      return { joinToken, inviteId, expiresMs: BigInt(expiresMs) };
    },
    listMembers: async () => ({ members: identity.members.list().map(toMember) }),
    revokeMember: async (request, { signal }) => {
      const role = toRole(request.role);
      // Operators know a repository by the name under which it was added, too.
      const added = role === "repository" ? repositories.find(request.member)?.repositoryId : undefined;
      const found = identity.members.get(role, added ?? request.member);
      const { member, trustNumber } = await revokeMember(identity, found, signal, onRevoked);
      return { member: toMember(member), trustNumber };
    },
    createUserToken: async ({ name, role, validDays }) => {
      const known = userRoles.find((one) => one === role);
      if (known === undefined) throw new HoldfastError("INVALID_ARGUMENT", `a role is one of ${userRoles.join(", ")}`);
      const { user, token } = await users.create({ name, role: known, lifeMs: validDays * dayMs });
      return { token: toUserToken(user), secret: token };
    },
    listUserTokens: async () => ({ tokens: (await users.list()).map(toUserToken) }),
    revokeUserToken: async ({ tokenId }) => ({ token: toUserToken(await users.revoke(tokenId)) }),
  });

const toRole = (role: string): Member["role"] => {
  const parsed = memberSchema.shape.role.safeParse(role);
  if (parsed.success) return parsed.data;
  throw new HoldfastError("INVALID_ARGUMENT", `a member is an agent or a repository, not ${role}`);
};

const toWish = (request: InviteRequest): InviteWish => ({
  role: toRole(request.role),
  memberId: "",
  name: request.name,
  managerName: request.managerName,
  clusterName: request.clusterName,
  workerId: "",
  replacesId: request.replacesRepositoryId,
  lifeMs: request.validSeconds * secondMs,
  controllers: request.controllers,
});

const toMember = (member: Member): MessageInitShape<typeof MemberSchema> => ({
  role: member.role,
  id: member.id,
  name: member.name,
  issuedMs: BigInt(member.issuedMs),
  expiresMs: BigInt(member.expiresMs),
  joinedMs: BigInt(member.joinedMs),
  revokedMs: BigInt(member.revokedMs ?? 0),
  managerName: member.managerName,
  clusterName: member.clusterName,
});

const toUserToken = (user: User): MessageInitShape<typeof UserTokenSchema> => ({
  tokenId: user.tokenId,
  name: user.name,
  role: user.role,
  createdMs: BigInt(user.createdMs),
  expiresMs: BigInt(user.expiresMs ?? 0),
  lastUsedMs: BigInt(user.lastUsedMs ?? 0),
  revokedMs: BigInt(user.revokedMs ?? 0),
});
