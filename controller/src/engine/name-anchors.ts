import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { factsOfPem, lookAtApiAnchor } from "./probe.ts";

/**
 * Adds to an ENGINE_UNTRUSTED the fingerprints of the pinned anchor and of the one that the engine shows now, so that an operator
 * can compare. The error as it was when they are the same (a wrong name, an expired certificate) or nothing can be looked at.
 */
export const nameAnchors = async (
  error: HoldfastError,
  { url, apiAnchorPem }: { readonly url: string; readonly apiAnchorPem: string },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<HoldfastError> => {
  try {
    const pinned = factsOfPem(apiAnchorPem, clock.nowMs()).sha256Fingerprint;
    const shown = (await lookAtApiAnchor(url, clock, signal)).sha256Fingerprint;
    if (pinned === shown) return error;
    return new HoldfastError("ENGINE_UNTRUSTED", `${error.message}: pinned is SHA-256 ${pinned}, shown is ${shown}`, {
      details: { ...error.details, pinnedSha256: pinned, shownSha256: shown },
      cause: error.cause,
    });
  } catch {
    signal.throwIfAborted();
    return error;
  }
};
