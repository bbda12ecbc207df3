import type { Route } from "./disk-reader.ts";

/** What is wished of an opening after another one broke. */
export interface DiskWish {
  /** The transfer that is of no use any more; empty for none. */
  readonly brokenTransferId: string;
  /** Routes that broke, with what happened there. */
  readonly broken: ReadonlyMap<Route, string>;
}

/** The wish of a first opening. */
export const noWish: DiskWish = { brokenTransferId: "", broken: new Map() };
