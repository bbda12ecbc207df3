import type { CertificateFacts, ProbedAnchors } from "../engine/probe.ts";
import type { Credentials, Hypervisor } from "../hypervisor/hypervisor.ts";

/** Where an engine is and what is trusted of it. */
export interface EngineAddress {
  readonly url: string;
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
  /** Who must answer there, else MANAGER_REPLACED; empty: whoever answers first. */
  readonly engineInstanceId: string;
}

/** An engine to test, and who Holdfast is there. */
export type TestedEngine = EngineAddress & Pick<Credentials, "username">;

/** One line of a test of a manager. */
export interface ManagerCheck {
  readonly name: string;
  readonly passed: boolean;
  /** It could not be looked at, which proves nothing: `message` says why, and `passed` is true. */
  readonly skipped: boolean;
  readonly message: string;
}

/** Making connections to engines; nothing is asked of one before its first use. */
export interface EngineConnector {
  /** `refusedReason`: the engine refused these credentials before; they are not tried again (R14). */
  open(address: EngineAddress, credentials: Credentials, refusedReason: string | null): Hypervisor;
  /** Reads the anchors that an address shows, trusting nothing. */
  probe(url: string, signal: AbortSignal): Promise<ProbedAnchors>;
  /** Whether the server of the API is signed by an anchor: ENGINE_UNTRUSTED, ENGINE_UNREACHABLE, or it is. */
  checkApi(url: string, anchorPem: string, signal: AbortSignal): Promise<void>;
  /** Looks at a pinned anchor; INVALID_ARGUMENT when it is no certificate. */
  describeAnchor(pem: string): CertificateFacts;
  /** Can it work now: address, anchors, login, rights, imageio of each host that answers us. Never fails for what it finds. */
  test(hypervisor: Hypervisor, engine: TestedEngine, signal: AbortSignal): Promise<readonly ManagerCheck[]>;
}
