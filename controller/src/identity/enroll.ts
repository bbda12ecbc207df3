import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EnrollRequest, EnrollResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { keyIdOfRequest, readCertificate } from "@holdfast/shared/identity/certificates";
import { randomName } from "@holdfast/shared/ids/ids";
import { assertCompatible } from "@holdfast/shared/version/compatible";
import type { Queries } from "../database/database.ts";
import { findInvitation, useInvitation } from "../database/invitations-table.ts";
import { findMember, saveMember } from "../database/members-table.ts";
import type { IdentityDeps } from "./identity-deps.ts";
import type { Invitation } from "./invitation.ts";
import type { Member } from "./member.ts";
import { whyInvitationRefused, whyRepositoryRefused } from "./why-refused.ts";

/** Lets a joiner in: one invitation, one key. JOIN_REFUSED when the invitation does not let it in. */
export const enroll = async (
  deps: IdentityDeps,
  request: EnrollRequest,
): Promise<MessageInitShape<typeof EnrollResponseSchema>> => {
  if (request.version !== "") assertCompatible("the joiner", request.version);
  const keyId = await keyIdOfRequest(request.requestPem);
  if (deps.authority.trust.isRevoked(keyId))
    throw new HoldfastError("IDENTITY_REVOKED", "the joiner asks for a key that was revoked");
  const { member, former } = await deps.database.inTransaction((queries) => admit(deps, queries, { request, keyId }));
  const certificatePem = await certifyMember(deps, member, request.requestPem);
  const joined = { ...member, ...lifeOf(certificatePem, deps.clock.nowMs()) };
  await deps.members.keep(joined);
  const { role, id, name } = joined;
  deps.log.info("member joined", { role, member: id, name, invite: request.inviteId, replaced: former !== undefined });
  return {
    installationId: deps.authority.installationId,
    id,
    name,
    certificatePem,
    caPem: deps.authority.caPem,
    trust: deps.authority.trust.signed,
    busJwt: await deps.authority.signBusUser(joined),
    ...whereaboutsFor(deps),
    managerName: joined.managerName,
    clusterName: joined.clusterName,
    workerId: joined.workerId,
  };
};

/** Where a member finds the installation from now on. */
export const whereaboutsFor = (deps: Pick<IdentityDeps, "whereabouts">) => {
  const { controllers, busServers } = deps.whereabouts();
  return { controllers: [...controllers], busServers: [...busServers] };
};

/** Signs a member's certificate for a key. */
export const certifyMember = (deps: IdentityDeps, { role, id, name }: Member, requestPem: string): Promise<string> =>
  deps.authority.certify({
    requestPem,
    name: { installationId: deps.authority.installationId, role, id },
    commonName: name,
    lifeMs: deps.certificateLifeMs,
  });

/** What a member's row says of its newest certificate. */
export const lifeOf = (certificatePem: string, nowMs: number): Pick<Member, "keyId" | "issuedMs" | "expiresMs"> => {
  const { keyId, notAfterMs } = readCertificate(certificatePem);
  return { keyId, issuedMs: nowMs, expiresMs: notAfterMs };
};

interface Asked {
  readonly request: EnrollRequest;
  readonly keyId: string;
}

/** Uses the invitation and writes the member, in one transaction: of two joiners at once one is let in. */
const admit = async (
  deps: IdentityDeps,
  queries: Queries,
  { request, keyId }: Asked,
): Promise<{ readonly member: Member; readonly former: Member | undefined }> => {
  const nowMs = deps.clock.nowMs();
  const invitation = await findInvitation(queries, request.inviteId);
  const refusal = whyInvitationRefused(invitation, { secret: request.secret, keyId, nowMs });
  if (invitation === undefined || refusal !== undefined) throw refused(refusal ?? "it is unknown");
  const id = idFor(deps, invitation, request);
  const former = await findMember(queries, invitation.role, id);
  if (invitation.role === "repository") {
    const why = whyRepositoryRefused(former, invitation, { repositoryId: id, keyId });
    if (why !== undefined) throw refused(why);
  }
  // The key of a name that is taken over is believed no more, before the new one is given out.
  if (former !== undefined && former.keyId !== keyId) await deps.authority.revoke(former);
  const member = toMember({ invitation, request, id, keyId, nowMs });
  await saveMember(queries, member);
  await useInvitation(queries, invitation.inviteId, { nowMs, keyId, memberId: id });
  return { member, former };
};

/** A repository brings its id; an agent's is fixed by its invitation (or its first use), or allotted. */
const idFor = (deps: IdentityDeps, { role, memberId }: Invitation, request: EnrollRequest): string => {
  if (role === "repository") return request.repositoryId;
  if (request.busPublicKey === "") throw refused("an agent shows the key of its user of the bus");
  return memberId === "" ? randomName(16, deps.random) : memberId;
};

const toMember = ({
  invitation,
  request,
  id,
  keyId,
  nowMs,
}: Asked & { readonly invitation: Invitation; readonly id: string; readonly nowMs: number }): Member => {
  const isAgent = invitation.role === "agent";
  const isPlaced = invitation.managerName !== "";
  return {
    role: invitation.role,
    id,
    name: firstNamed(invitation.name, request.name, id),
    keyId,
    busPublicKey: isAgent ? request.busPublicKey : "",
    managerName: isPlaced || !isAgent ? invitation.managerName : request.managerName,
    clusterName: isPlaced || !isAgent ? invitation.clusterName : request.clusterName,
    workerId: invitation.workerId,
    joinedMs: nowMs,
    issuedMs: nowMs,
    expiresMs: nowMs,
    revokedMs: null,
  };
};

const firstNamed = (...names: readonly string[]): string => names.find((name) => name !== "") ?? "";

const refused = (why: string): HoldfastError => new HoldfastError("JOIN_REFUSED", `the join token is refused: ${why}`);
