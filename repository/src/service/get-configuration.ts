import { parseConfigurationName, configurationName } from "@holdfast/shared/configuration/configuration-name";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** One configuration's bytes in pieces (N3). */
export const getConfiguration = ({ store: { configurations } }: ServiceDeps): Calls["getConfiguration"] =>
  async function* ({ installationId, number }, { signal }) {
    const key = parseConfigurationName(configurationName({ installationId, number }));
    if (key === undefined) throw new HoldfastError("INVALID_ARGUMENT", "no installation's id or number");
    const size = await configurations.sizeOf(key);
    for (let offset = 0; offset < size; offset += maxPayloadBytes) {
      signal.throwIfAborted();
      yield { piece: await configurations.read(key, { offset, length: Math.min(maxPayloadBytes, size - offset) }) };
    }
  };
