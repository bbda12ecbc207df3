import { catchUp } from "../index/catch-up.ts";
import type { ReadingParts } from "./repository-reading.ts";

/**
 * What a reader does when a pack is gone (G12): it reads the plans and packs that came since. Once for each pack that is missing,
 * so that a lost one costs one look and not one for each of its records.
 */
export const refreshReader = (parts: ReadingParts): ((missingPack: string) => Promise<void>) => {
  const { objects, index, facts, plans, quarantine } = parts;
  const lookedFor = new Set<string>();
  let before: Promise<unknown> = Promise.resolve();
  const look = async (missingPack: string): Promise<void> => {
    if (lookedFor.has(missingPack)) return;
    lookedFor.add(missingPack);
    await plans.readOn();
    const { condemned } = plans;
    await catchUp({ objects, index, condemned, quarantine, repositoryId: facts.repositoryId, owner: false });
  };
  return async (missingPack) => {
    const looking = before.then(() => look(missingPack));
    before = looking.catch(() => undefined);
    await looking;
  };
};
