import { openTrustKeeper, type TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A trust keeper in a temporary folder that goes with it. */
export const openTestTrust = async (
  caPem: string,
  signed: string,
): Promise<AsyncDisposable & { readonly keeper: TrustKeeper }> => {
  const folder = await mkdtemp(join(tmpdir(), "hf-trust-"));
  return {
    keeper: await openTrustKeeper(join(folder, "trust.json"), caPem, signed),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};
