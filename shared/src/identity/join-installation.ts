import type { EnrollResponse } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { join } from "node:path";
import { makeBusUser } from "../bus/bus-accounts.ts";
import type { Clock } from "../clock/clock.ts";
import type { Secret } from "../config/secret.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { Logger } from "../logging/logger.ts";
import type { RandomFraction } from "../retry/backoff.ts";
import { retry } from "../retry/retry.ts";
import { productVersion } from "../version/product-version.ts";
import { askControllers, callController } from "./ask-controller.ts";
import { isSignedBy, type KeyRequest, readCertificate, requestCertificate } from "./certificates.ts";
import { fetchTrust } from "./fetch-trust.ts";
import type { Trust } from "./identity.ts";
import { identityFiles, type StoredIdentity, writeIdentityFolder } from "./identity-folder.ts";
import { type JoinToken, parseJoinToken } from "./join-token.ts";
import { isExpected } from "./peer-name.ts";
import { openTrustKeeper } from "./trust-keeper.ts";

/** Roles that join by a token. */
export type JoiningRole = JoinToken["role"];

/** What a joiner says of itself; the invitation wins where it says something else. */
export interface JoinerWords {
  readonly name: string;
  /** Agents: where it is deployed. */
  readonly managerName: string;
  readonly clusterName: string;
  /** Repositories: the id in their descriptor. */
  readonly repositoryId: string;
}

/** How a process joins. */
export interface JoinRequest {
  readonly role: JoiningRole;
  /** The text of a join token (R12). */
  readonly joinToken: Secret;
  /** Where the identity is to be kept. */
  readonly folder: string;
  readonly said: JoinerWords;
}

/** What waiting for a controller needs. */
export interface JoinDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: RandomFraction;
}

const whileUnreachable = { attempts: Infinity, firstMs: 250, maxMs: 15_000 };

/** A key of this process with everything that stays the same over repeated tries: the invitation is good for one key. */
interface Joiner extends KeyRequest {
  readonly token: JoinToken;
  readonly bus: { readonly seed: string; readonly publicKey: string };
}

/**
 * Gets an identity for a join token and keeps it in the folder. Tries the controllers of the token for as long as none can be reached;
 * JOIN_REFUSED when the token is not good, PEER_UNTRUSTED when whoever answers is not the controller that the token pins.
 */
export const joinInstallation = async (
  request: JoinRequest,
  { clock, log, random }: JoinDeps,
  signal: AbortSignal,
): Promise<StoredIdentity> => {
  const token = parseJoinToken(request.joinToken.reveal());
  if (token.role !== request.role)
    throw new HoldfastError("JOIN_REFUSED", `the join token is for ${token.role}, this is ${request.role}`);
  const joiner: Joiner = { token, ...(await requestCertificate()), bus: makeBusUser() };
  const { trust, answer } = await retry(
    whileUnreachable,
    signal,
    (each) => enroll(joiner, request.said, { clock, signal: each }),
    {
      clock,
      ...(random === undefined ? {} : { random }),
      onRetry: ({ caught, attempt, waitMs }) => {
        if (attempt === 1)
          log.warn("no controller can be reached to join", { controllers: token.controllers, err: caught });
        else log.debug("no controller can be reached yet", { attempt, waitMs, err: caught });
      },
    },
  );
  const stored = checkAnswer(request, { joiner, trust, answer });
  const keeper = await openTrustKeeper(join(request.folder, identityFiles.trust), trust.caPem, answer.trust);
  await keeper.accept(answer.trust);
  await writeIdentityFolder(request.folder, stored);
  const { installationId, role, id } = stored.membership;
  log.info("joined an installation", { installation: installationId, role, id });
  return stored;
};

interface Enrolled {
  readonly trust: Trust;
  readonly answer: EnrollResponse;
}

const enroll = (
  joiner: Joiner,
  said: JoinerWords,
  limits: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Enrolled> =>
  askControllers(
    joiner.token.controllers,
    async (address, each) => {
      const { inviteId, secret, caFingerprint, role } = joiner.token;
      const trust = await fetchTrust(address, caFingerprint, each);
      const asked = {
        ...said,
        inviteId,
        secret,
        requestPem: joiner.requestPem,
        busPublicKey: role === "agent" ? joiner.bus.publicKey : "",
        version: productVersion,
      };
      const answer = await callController(address, trust, (calls) => calls.enroll(asked, { signal: each }));
      return { trust, answer };
    },
    limits,
  );

/** The identity as it is kept; PEER_UNTRUSTED when the answer contradicts what was asked, or whom it came from. */
const checkAnswer = (
  { role }: JoinRequest,
  { joiner, trust, answer }: Enrolled & { readonly joiner: Joiner },
): StoredIdentity => {
  const { installationId, certificatePem, id } = answer;
  const { name } = readCertificate(certificatePem);
  const isMeant = installationId === trust.installationId && isExpected(name, installationId, { role, id });
  if (!isMeant || !isSignedBy(certificatePem, trust.caPem))
    throw new HoldfastError("PEER_UNTRUSTED", "the controller answered a certificate that is not the one asked for");
  const { name: called, controllers, busServers, managerName, clusterName, workerId } = answer;
  return {
    membership: {
      v: 1,
      installationId,
      role,
      id,
      name: called,
      controllers: controllers.length > 0 ? controllers : joiner.token.controllers,
      busServers,
      managerName,
      clusterName,
      workerId,
    },
    identity: { installationId, caPem: trust.caPem, certificatePem, keyPem: joiner.keyPem },
    busKey: answer.busJwt === "" ? undefined : { jwt: answer.busJwt, seed: joiner.bus.seed },
  };
};
