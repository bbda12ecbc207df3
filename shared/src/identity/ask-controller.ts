import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { openRpcClient } from "../rpc/client.ts";
import type { ServiceClient } from "../rpc/client-types.ts";
import { clientCredentials } from "../rpc/credentials.ts";
import type { Trust } from "./identity.ts";

/** The calls by which a process belongs to its installation. */
export type IdentityCalls = ServiceClient<typeof IdentityService>;

/** Milliseconds that one address may take to answer before the next is asked. */
const answerMs = 15_000;

/** One question to whichever controller answers at an address. */
export type AskController<Answer> = (address: string, signal: AbortSignal) => Promise<Answer>;

/**
 * Asks the controllers in order until one answers. A refusal that another try would not change ends it at once; a controller that is
 * out of reach, or is none of ours, gives its turn to the next. Of several failures the one that may pass is thrown.
 */
export const askControllers = async <Answer>(
  addresses: readonly string[],
  ask: AskController<Answer>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Answer> => {
  let failure: HoldfastError | undefined;
  for (const address of addresses) {
    try {
      return await ask(address, AbortSignal.any([signal, clock.timeout(answerMs)]));
    } catch (caught) {
      signal.throwIfAborted();
      const error = HoldfastError.from(caught);
      if (!error.retryable && error.code !== "PEER_UNTRUSTED") throw error;
      if (failure === undefined || !failure.retryable) failure = error;
    }
  }
  throw failure ?? new HoldfastError("CONFIG_INVALID", "no address of a controller is known");
};

/** Calls the identity service at one address, believing only a controller of this installation. No certificate is shown. */
export const callController = async <Answer>(
  address: string,
  { installationId, caPem }: Trust,
  call: (calls: IdentityCalls) => Promise<Answer>,
): Promise<Answer> => {
  await using client = openRpcClient(address, clientCredentials({ installationId, caPem }, { role: "controller" }));
  return await call(client.service(IdentityService));
};
