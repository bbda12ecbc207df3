import { verify, X509Certificate } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RenewRequest, RenewResponseSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import {
  type CertificateFacts,
  isSignedBy,
  keyIdOfRequest,
  readCertificate,
} from "@holdfast/shared/identity/certificates";
import { renewalText } from "@holdfast/shared/identity/keep-renewed";
import { certifyMember, lifeOf, whereaboutsFor } from "./enroll.ts";
import type { IdentityDeps } from "./identity-deps.ts";
import { memberSchema } from "./member.ts";
import { strangerOf } from "./stranger.ts";

/** How long after its end a certificate may still be renewed. */
const graceMs = 30 * 86_400_000;

/** How old a request for renewal may be, or of the future: clocks differ, and a recorded one must not be good for ever. */
const freshMs = 86_400_000;

/** What is known when a renewal is judged. */
export interface RenewalFacts {
  readonly certificate: Pick<CertificateFacts, "name" | "keyId" | "notAfterMs">;
  readonly installationId: string;
  readonly isSignedByUs: boolean;
  readonly isProven: boolean;
  readonly isSameKey: boolean;
  readonly isRevoked: boolean;
  /** Key that the member of this name has now; undefined for a name that nobody has. */
  readonly memberKeyId: string | undefined;
  readonly askedMs: number;
  readonly nowMs: number;
}

/** Why a renewal is refused; undefined when it is granted. */
export const whyRenewalRefused = (facts: RenewalFacts): HoldfastError | undefined => {
  const { certificate, nowMs, askedMs } = facts;
  const who = `${certificate.name.role} ${certificate.name.id}`;
  if (!facts.isSignedByUs || certificate.name.installationId !== facts.installationId)
    return unproven("the certificate is not of this installation");
  if (!facts.isProven) return unproven("it is not signed by the certificate's key");
  if (!facts.isSameKey) return unproven("it asks for another key than the certificate's");
  if (Math.abs(nowMs - askedMs) > freshMs) return unproven("it was asked at another time than now");
  if (!memberSchema.shape.role.safeParse(certificate.name.role).success)
    return new HoldfastError("PERMISSION_DENIED", `a certificate of ${who} is not renewed here`);
  const isReplaced = facts.memberKeyId !== undefined && facts.memberKeyId !== certificate.keyId;
  if (facts.isRevoked || isReplaced)
    return new HoldfastError("IDENTITY_REVOKED", `the certificate of ${who} was revoked`);
  if (nowMs > certificate.notAfterMs + graceMs) return unproven(`the certificate of ${who} expired too long ago`);
  return undefined;
};

const unproven = (why: string): HoldfastError => new HoldfastError("UNAUTHENTICATED", `the renewal is refused: ${why}`);

/** A new certificate for a member's key. A member that the database does not know is recorded again. */
export const renew = async (
  deps: IdentityDeps,
  request: RenewRequest,
): Promise<MessageInitShape<typeof RenewResponseSchema>> => {
  const certificate = readCertificate(request.certificatePem);
  const askedKeyId = await keyIdOfRequest(request.requestPem);
  const { authority, clock } = deps;
  const askedMs = Number(request.askedMs);
  const role = memberSchema.shape.role.safeParse(certificate.name.role).data ?? "agent";
  const known = deps.members.find(role, certificate.name.id);
  const refusal = whyRenewalRefused({
    certificate,
    installationId: authority.installationId,
    isSignedByUs: isSignedBy(request.certificatePem, authority.caPem),
    isProven: isProven(request, askedMs),
    isSameKey: askedKeyId === certificate.keyId,
    isRevoked: authority.trust.isRevoked(certificate.keyId),
    memberKeyId: known?.keyId,
    askedMs,
    nowMs: clock.nowMs(),
  });
  if (refusal !== undefined) throw refusal;
  const busPublicKey = authority.readBusUser(certificate.name.id, request.busJwt)?.publicKey ?? "";
  const member = known ?? strangerOf(role, certificate, clock.nowMs(), { busPublicKey });
  const certificatePem = await certifyMember(deps, member, request.requestPem);
  // Signed before it is looked again: what a revocation that comes later takes from the bus was then signed earlier.
  // For one of whom no place is remembered none is signed: the one that it has may allow more.
  const busJwt = member.managerName === "" ? "" : await authority.signBusUser(member);
  const renewed = await deps.members.change(role, member.id, (now = member) => {
    const isReplaced = now.keyId !== certificate.keyId;
    if (isReplaced || now.revokedMs !== null || authority.trust.isRevoked(certificate.keyId))
      throw new HoldfastError("IDENTITY_REVOKED", `the certificate of ${role} ${member.id} was revoked meanwhile`);
    return { ...now, ...lifeOf(certificatePem, clock.nowMs()), busPublicKey: now.busPublicKey || busPublicKey };
  });
  deps.log.info("certificate renewed", { role, member: member.id, name: member.name, expiresMs: renewed.expiresMs });
  return {
    certificatePem,
    trust: authority.trust.signed,
    busJwt,
    ...whereaboutsFor(deps),
  };
};

const isProven = ({ certificatePem, requestPem, signature }: RenewRequest, askedMs: number): boolean =>
  verify(
    "sha256",
    Buffer.from(renewalText(askedMs, requestPem)),
    new X509Certificate(certificatePem).publicKey,
    signature,
  );
