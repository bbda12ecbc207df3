import { configurationName } from "@holdfast/shared/configuration/configuration-name";
import { decodeConfiguration } from "@holdfast/shared/configuration/configuration-object";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { requireDamage, type ConfigurationObjects, type StoredConfiguration } from "./configuration-objects.ts";

/** Which configuration of a repository is wanted. */
export interface ConfigurationWish {
  /** Needed where several installations use the repository. */
  readonly installationId?: string | undefined;
  /** The newest that is whole unless given. */
  readonly number?: number | undefined;
}

/** A configuration with its bytes. */
export interface FoundConfiguration extends StoredConfiguration {
  readonly content: Uint8Array;
}

/** Told of each that is passed over because it is damaged. */
export type OnDamaged = (name: string, error: HoldfastError) => void;

/**
 * The configuration that is wanted, its checksum proven (F2). NOT_FOUND for none, INVALID_ARGUMENT when it has to be said of which
 * installation, CONFIGURATION_DAMAGED when all that could be meant are damaged.
 */
export const findConfiguration = async (
  objects: ConfigurationObjects,
  wish: ConfigurationWish,
  onDamaged: OnDamaged,
): Promise<FoundConfiguration> => {
  let damaged = 0;
  const tell: OnDamaged = (name, error) => {
    damaged += 1;
    onDamaged(name, error);
  };
  const all = await objects.list(tell);
  const candidates = ofOneInstallation(all, wish).filter(
    ({ number }) => wish.number === undefined || number === wish.number,
  );
  for (const one of candidates.toReversed()) {
    const content = await read(objects, one, tell);
    if (content !== undefined) return { ...one, content };
  }
  if (damaged > 0) throw new HoldfastError("CONFIGURATION_DAMAGED", `no whole configuration: ${damaged} are damaged`);
  const which = wish.number === undefined ? "configuration of an installation" : `configuration ${wish.number}`;
  throw new HoldfastError("NOT_FOUND", `the repository has no ${which}`);
};

const ofOneInstallation = (
  all: readonly StoredConfiguration[],
  { installationId }: ConfigurationWish,
): readonly StoredConfiguration[] => {
  const ids = [...new Set(all.map((one) => one.installationId))];
  if (installationId === undefined && ids.length > 1)
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `the repository has configurations of several installations, ${ids.join(", ")}: say which with --installation`,
    );
  return all.filter((one) => installationId === undefined || one.installationId === installationId);
};

const read = async (
  objects: ConfigurationObjects,
  one: StoredConfiguration,
  onDamaged: OnDamaged,
): Promise<Uint8Array | undefined> => {
  try {
    const content = await objects.read(one, { offset: 0, length: one.bytes });
    decodeConfiguration(content);
    return content;
  } catch (caught) {
    onDamaged(configurationName(one), requireDamage(caught));
    return undefined;
  }
};
