import { join } from "node:path";
import { names } from "./names.ts";
import { numberOf, readSmallObject } from "./small-object.ts";

/** What the log of plans says (§6.5). */
export interface Plans {
  /** Last parts of the names of packs that are absent for ever. */
  readonly packs: ReadonlySet<string>;
  /** Tasks whose points are gone. */
  readonly points: ReadonlySet<string>;
  /** The highest epoch that wrote a plan; 0 for none. A point's object of a lower epoch that is not decided never counts (§6.3). */
  readonly closedBy: number;
}

/** Reads all plans; throws when one cannot be read. */
export const readPlans = async (root: string, repositoryId: string): Promise<Plans> => {
  const packs = new Set<string>();
  const points = new Set<string>();
  let closedBy = 0;
  for (const name of await names(join(root, "plans"))) {
    const plan = await readSmallObject(join(root, "plans", name), "plan", repositoryId);
    for (const pack of plan["packs"] as readonly string[]) packs.add(pack);
    for (const point of plan["points"] as readonly string[]) points.add(point);
    closedBy = Math.max(closedBy, numberOf(plan, "epoch"));
  }
  return { packs, points, closedBy };
};

/** Places of records in quarantine (§6.7), as `<pack>/<offset in eight digits>`. */
export const readQuarantine = async (root: string): Promise<ReadonlySet<string>> => {
  const places = new Set<string>();
  for (const pack of await names(join(root, "quarantine"))) {
    for (const offset of await names(join(root, "quarantine", pack))) places.add(`${pack}/${offset}`);
  }
  return places;
};
