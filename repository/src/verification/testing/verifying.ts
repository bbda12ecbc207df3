import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger as log } from "@holdfast/shared/logging/silent-logger";
import { Catalog } from "../../catalog/catalog.ts";
import { KnownDamage } from "../../catalog/known-damage.ts";
import type { PackKey } from "../../store/object-names.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { VerifiedPacks } from "../verified-packs.ts";
import { Verification, type VerificationProgress } from "../verification.ts";

/** What surrounds a verification in a server, without the server. */
export interface Verifying {
  readonly catalog: Catalog;
  readonly packs: VerifiedPacks;
  readonly verification: Verification;
  /** Reads everything back, a pack a run, so that each pack is noted by itself. */
  readonly readAll: () => Promise<void>;
}

const signal = new AbortController().signal;

/** What a test brings along. */
export interface VerifyingOptions {
  /** What others of the same server know; loaded unless given. */
  readonly catalog?: Catalog;
  /** Hears of each pack before it is read. */
  readonly onPack?: (pack: PackKey) => void;
}

/** Loads what a server knows of its points and packs. */
export const openVerifying = async (
  store: RepositoryStore,
  { catalog: given, onPack = () => undefined }: VerifyingOptions = {},
): Promise<Verifying> => {
  const catalog = given ?? (await Catalog.load(store));
  const damage = await KnownDamage.load(store, catalog);
  const packs = await VerifiedPacks.load(store.verified);
  const verification = new Verification({
    store: withOpenings(store, onPack),
    catalog,
    damage,
    packs,
    clock: systemClock,
    log,
    slots: { taken: 0 },
  });
  const readAll = async (): Promise<void> => {
    for (let left = (await store.packs.packs()).length; left > 0;) left -= (await runOnce(verification)).packsDone;
  };
  return { catalog, packs, verification, readAll };
};

/** The least that a verification reads: one pack. */
const runOnce = async (verification: Verification): Promise<VerificationProgress> => {
  const all = await Array.fromAsync(verification.run(1, signal));
  const last = all.at(-1);
  if (!last || last.packsDone === 0) throw new Error("a verification read nothing");
  return last;
};

/** The same store, which tells of packs that are opened. */
const withOpenings = (store: RepositoryStore, onPack: (pack: PackKey) => void): RepositoryStore =>
  new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        const [pack] = parameters;
        if (name === "openPack") onPack(pack as PackKey);
        return Reflect.apply(value, target, parameters);
      };
    },
  });
