import type * as z from "zod";

import type { EngineClient } from "./engine-client.ts";
import { collection } from "./values.ts";

/** Rows asked for at a time: with disks inlined a page of VMs stays near 2 MB. */
export const pageSize = 200;
/** A list longer than this is not one. */
const maxPages = 1_000;

/** A list to read whole. */
export interface PagedList<Row extends z.ZodType> {
  /** `/vms` … */
  readonly path: string;
  /** The singular name. */
  readonly element: string;
  readonly row: Row;
  /** Field to sort by, in the words of the engine's search: pages of an unsorted list overlap at random. */
  readonly sortBy: string;
  /** Search terms before the sorting. */
  readonly terms?: string;
  readonly follow?: string;
}

/**
 * Reads every page of a list. Engines number pages and have no cursor, so a row may come twice while the list changes: each id
 * counts once. A row that moved to a page read before is missing until the next reading.
 */
export const listPaged = async <Row extends z.ZodType<{ readonly id: string }>>(
  client: EngineClient,
  list: PagedList<Row>,
  signal: AbortSignal,
): Promise<readonly z.output<Row>[]> => {
  const rows = new Map<string, z.output<Row>>();
  const schema = collection(list.element, list.row);
  for (let page = 1; page <= maxPages; page += 1) {
    const search = [list.terms, `sortby ${list.sortBy} asc`, `page ${page}`]
      .filter((part) => part !== undefined)
      .join(" ");
    const query = { search, max: String(pageSize), ...(list.follow === undefined ? {} : { follow: list.follow }) };
    const found = await client.ask({ method: "GET", path: list.path, query }, schema, signal);
    for (const row of found) rows.set(row.id, row);
    if (found.length < pageSize) break;
  }
  return [...rows.values()];
};
