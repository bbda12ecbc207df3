import { isEngineAtLeast } from "../hypervisor/engine-version.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";

interface KnownEngine {
  readonly record: { readonly engineVersion: string };
  readonly hypervisor: Pick<Hypervisor, "identify">;
}

/** The version of an engine now: one that could do less than a newer one when it was last asked is asked again, since it may be newer by now. */
export const presentVersion = async ({ record, hypervisor }: KnownEngine, signal: AbortSignal): Promise<string> =>
  isEngineAtLeast(record.engineVersion, 4, 5) === true
    ? record.engineVersion
    : (await hypervisor.identify(signal)).version;
