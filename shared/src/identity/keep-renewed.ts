import { createPrivateKey, sign } from "node:crypto";
import type { RenewResponse } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type Clock, toIso } from "../clock/clock.ts";
import { hasCode, HoldfastError } from "../errors/holdfast-error.ts";
import { runForever } from "../lifecycle/run-forever.ts";
import type { Logger } from "../logging/logger.ts";
import type { RandomFraction } from "../retry/backoff.ts";
import { retry } from "../retry/retry.ts";
import { askControllers, callController } from "./ask-controller.ts";
import { backdatedMs, isSignedBy, readCertificate, requestRenewal } from "./certificates.ts";
import type { Identity } from "./identity.ts";
import { type Membership, writeIdentityFolder } from "./identity-folder.ts";
import { type OpenMembership, refuseRevoked } from "./open-membership.ts";

/** What renewing needs. */
export interface RenewalDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: RandomFraction;
}

const dayMs = 86_400_000;
const shortestWaitMs = 1_000;
/** The machine's clock may be set meanwhile, so no wait is longer. */
const longestWaitMs = 3_600_000;

/** When a certificate is to be renewed: at two thirds of its life. */
export const renewalDueMs = (certificatePem: string): number => {
  const { notBeforeMs, notAfterMs } = readCertificate(certificatePem);
  const issuedMs = notBeforeMs + backdatedMs;
  return issuedMs + (2 / 3) * (notAfterMs - issuedMs);
};

/**
 * Renews the certificate of this process for as long as it lives, also one that has expired. Resolves when the signal aborts; rejects
 * with IDENTITY_REVOKED when the certificate was taken back, and then this process has no business any more.
 */
export const keepRenewed = async (opened: OpenMembership, deps: RenewalDeps, signal: AbortSignal): Promise<void> => {
  const revoked = new AbortController();
  const forget = opened.trust.onChanged(() => {
    try {
      refuseRevoked(opened.trust, opened.holder.current.certificatePem);
    } catch (caught) {
      revoked.abort(caught);
    }
  });
  const renewer = new Renewer(opened, deps);
  const step = async (each: AbortSignal): Promise<number> => {
    try {
      return await renewer.step(each);
    } catch (caught) {
      if (hasCode(caught, "IDENTITY_REVOKED")) revoked.abort(caught);
      throw caught;
    }
  };
  const { clock, log, random } = deps;
  const backoff = { firstMs: shortestWaitMs, maxMs: 60_000 };
  try {
    const how = { name: "renewal", clock, log, everyMs: longestWaitMs, backoff };
    await runForever(AbortSignal.any([signal, revoked.signal]), step, random === undefined ? how : { ...how, random });
  } finally {
    forget();
  }
  revoked.signal.throwIfAborted();
};

/**
 * Renews a certificate that has expired, since nobody but the controller's API talks to who shows one. Waits for a controller as long
 * as none can be reached.
 */
export const renewExpired = async (opened: OpenMembership, deps: RenewalDeps, signal: AbortSignal): Promise<void> => {
  const { clock, log, random } = deps;
  const { notAfterMs } = readCertificate(opened.holder.current.certificatePem);
  if (clock.nowMs() < notAfterMs) return;
  log.warn("the certificate has expired: renewing it first", { expired: toIso(notAfterMs) });
  const renewer = new Renewer(opened, deps);
  await retry({ attempts: Infinity, firstMs: 250, maxMs: 15_000 }, signal, (each) => renewer.step(each), {
    clock,
    ...(random === undefined ? {} : { random }),
  });
};

class Renewer {
  readonly #opened: OpenMembership;
  readonly #deps: RenewalDeps;
  #membership: Membership;

  constructor(opened: OpenMembership, deps: RenewalDeps) {
    this.#opened = opened;
    this.#deps = deps;
    this.#membership = opened.membership;
  }

  /** Renews when it is time; milliseconds until the next look. */
  async step(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#deps;
    const { holder } = this.#opened;
    if (clock.nowMs() >= renewalDueMs(holder.current.certificatePem)) await this.#renew(signal);
    const { notAfterMs, serial } = readCertificate(holder.current.certificatePem);
    log.debug("certificate looked at", { serial, daysLeft: daysBetween(clock.nowMs(), notAfterMs) });
    const waitMs = renewalDueMs(holder.current.certificatePem) - clock.nowMs();
    return Math.min(longestWaitMs, Math.max(shortestWaitMs, waitMs));
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const { holder, trust, folder, busKey } = this.#opened;
    const before = holder.current;
    const answer = await this.#ask(before, busKey?.jwt ?? "", signal);
    await trust.accept(answer.trust);
    const identity = renewedBy(before, answer);
    const { controllers, busServers } = answer;
    this.#membership = {
      ...this.#membership,
      ...(controllers.length > 0 && { controllers }),
      ...(busServers.length > 0 && { busServers }),
    };
    const key = busKey === undefined || answer.busJwt === "" ? busKey : { ...busKey, jwt: answer.busJwt };
    await writeIdentityFolder(folder, { membership: this.#membership, identity, busKey: key });
    holder.replace(identity);
    const { notAfterMs, serial } = readCertificate(identity.certificatePem);
    log.info("certificate renewed", { serial, daysLeft: daysBetween(clock.nowMs(), notAfterMs) });
  }

  async #ask(identity: Identity, busJwt: string, signal: AbortSignal): Promise<RenewResponse> {
    const requestPem = await requestRenewal(identity.keyPem);
    const askedMs = this.#deps.clock.nowMs();
    const asked = {
      certificatePem: identity.certificatePem,
      requestPem,
      askedMs: BigInt(askedMs),
      signature: sign("sha256", Buffer.from(renewalText(askedMs, requestPem)), createPrivateKey(identity.keyPem)),
      busJwt,
    };
    return await askControllers(
      this.#membership.controllers,
      (address, each) => callController(address, identity, (calls) => calls.renew(asked, { signal: each })),
      { clock: this.#deps.clock, signal },
    );
  }
}

/** What a renewal signs, to prove that it is asked by who holds the key. */
export const renewalText = (askedMs: number, requestPem: string): string =>
  `holdfast renew 1\n${askedMs}\n${requestPem}`;

/** PEER_UNTRUSTED unless the answer is a certificate of the same name and key. */
const renewedBy = (before: Identity, { certificatePem }: RenewResponse): Identity => {
  const [old, renewed] = [readCertificate(before.certificatePem), readCertificate(certificatePem)];
  const isSame = old.keyId === renewed.keyId && old.name.role === renewed.name.role && old.name.id === renewed.name.id;
  if (!isSame || !isSignedBy(certificatePem, before.caPem))
    throw new HoldfastError("PEER_UNTRUSTED", "the controller renewed another certificate than the one asked for");
  return { ...before, certificatePem };
};

/** Days with one decimal. */
const daysBetween = (fromMs: number, toMs: number): number => Math.round(((toMs - fromMs) / dayMs) * 10) / 10;
