import { randomUUID, verify, X509Certificate } from "node:crypto";
import { type EnrollRequest, IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { Secret } from "../../config/secret.ts";
import { HoldfastError } from "../../errors/holdfast-error.ts";
import { silentLogger } from "../../logging/silent-logger.ts";
import { serverCredentials } from "../../rpc/credentials.ts";
import { serveService } from "../../rpc/implementation.ts";
import { openRpcServer } from "../../rpc/server.ts";
import { fingerprintOf, readCertificate, signCertificate } from "../certificates.ts";
import { writeJoinToken } from "../join-token.ts";
import { renewalText } from "../keep-renewed.ts";
import type { TestInstallation } from "./test-installation.ts";

/** What the small controller of a test may be told. */
export interface ServedIdentityOptions {
  readonly listen?: string;
  /** Life of what it signs. */
  readonly lifeMs?: number;
  /** Signs an agent's proof to the bus. */
  readonly busJwt?: (agentId: string, publicKey: string) => Promise<string>;
  readonly busServers?: readonly string[];
}

/** The part of a controller that joiners and members ask: every invitation is good once. */
export interface ServedIdentity extends AsyncDisposable {
  readonly address: string;
  /** Invites; the answer is a join token for this controller, or for the given addresses. */
  readonly invite: (role: "agent" | "repository", controllers?: readonly string[]) => Secret;
  /** Takes an invitation's secret that another made. */
  readonly accept: (secret: string) => void;
  readonly enrolled: EnrollRequest[];
  readonly renewals: () => number;
  /** Refuses renewals from now on. */
  readonly revoke: () => void;
  /** The bundle that it answers. */
  trust: string;
}

/** Serves enrollment and renewal for an installation. */
export const openServedIdentity = async (
  installation: TestInstallation,
  options: ServedIdentityOptions = {},
): Promise<ServedIdentity> => {
  const { listen = "127.0.0.1:0", lifeMs = 86_400_000, busServers = [] } = options;
  const { authority, installationId } = installation;
  const invitations = new Set<string>();
  const enrolled: EnrollRequest[] = [];
  const state = { trust: installation.trust(), renewals: 0, isRevoked: false };
  const certify = (requestPem: string, role: "agent" | "repository", id: string): Promise<string> =>
    signCertificate(authority, {
      requestPem,
      name: { installationId, role, id },
      commonName: id,
      nowMs: Date.now(),
      lifeMs,
    });
  const unknown = async (): Promise<never> => {
    throw new HoldfastError("UNIMPLEMENTED", "not in this test");
  };

  const service = serveService(IdentityService, {
    enroll: async (request) => {
      if (!invitations.delete(request.secret)) throw new HoldfastError("JOIN_REFUSED", "the join token was used");
      enrolled.push(request);
      const role = request.repositoryId === "" ? "agent" : "repository";
      const id = role === "agent" ? `a${enrolled.length}` : request.repositoryId;
      return {
        installationId,
        id,
        name: request.name,
        certificatePem: await certify(request.requestPem, role, id),
        caPem: authority.certificatePem,
        trust: state.trust,
        busJwt: (await options.busJwt?.(id, request.busPublicKey)) ?? "",
        busServers: [...busServers],
        controllers: [],
        managerName: request.managerName,
        clusterName: request.clusterName,
        workerId: "",
      };
    },
    renew: async ({ certificatePem, requestPem, askedMs, signature }) => {
      const { name } = readCertificate(certificatePem);
      if (state.isRevoked) throw new HoldfastError("IDENTITY_REVOKED", `${name.role} ${name.id} was revoked`);
      const key = new X509Certificate(certificatePem).publicKey;
      if (!verify("sha256", Buffer.from(renewalText(Number(askedMs), requestPem)), key, signature))
        throw new HoldfastError("UNAUTHENTICATED", "not signed by the certificate's key");
      state.renewals += 1;
      const role = name.role === "agent" ? "agent" : "repository";
      return { certificatePem: await certify(requestPem, role, name.id), trust: state.trust };
    },
    getTrust: async () => ({ trust: state.trust }),
    invite: unknown,
    listMembers: unknown,
    revokeMember: unknown,
    createUserToken: unknown,
    listUserTokens: unknown,
    revokeUserToken: unknown,
  });
  const holder = await installation.hold("controller", "main");
  const server = await openRpcServer({
    listen,
    services: [service],
    credentials: serverCredentials(holder, { asksForCertificates: false }),
    admit: () => undefined,
    log: silentLogger,
  });
  return {
    address: server.address,
    invite: (role, controllers = [server.address]) => {
      const secret = randomUUID();
      invitations.add(secret);
      const caFingerprint = fingerprintOf(authority.certificatePem);
      return new Secret(
        writeJoinToken({ v: 1, controllers: [...controllers], caFingerprint, inviteId: "i", secret, role }),
      );
    },
    accept: (secret) => {
      invitations.add(secret);
    },
    enrolled,
    renewals: () => state.renewals,
    revoke: () => {
      state.isRevoked = true;
    },
    get trust() {
      return state.trust;
    },
    set trust(signed) {
      state.trust = signed;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};
