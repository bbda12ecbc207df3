import { invalid } from "../engine/engine-fault.ts";
import type { Resource } from "../rendering/resource.ts";
import { type Answer, type Call, flag, rows } from "./call.ts";
import { type Searchable, compareValues, isFound, parseQuery, valuesOf } from "./search-query.ts";

const maxOf = (call: Call): number => {
  const text = call.query.get("max");
  if (text === null) return Number.POSITIVE_INFINITY;
  const max = Number(text);
  if (!Number.isInteger(max)) throw invalid(`max must be a number: ${text}`);
  return max < 0 ? Number.POSITIVE_INFINITY : max;
};

/**
 * Answers a collection that can be searched. A page past the end is empty; without `max` all rows come and there is
 * only page 1. The case of letters matters only with `case_sensitive=true`.
 */
export const searched = <Row>(
  call: Call,
  all: readonly Row[],
  searchable: (row: Row) => Searchable,
): readonly Row[] => {
  const query = parseQuery(call.query.get("search") ?? "", flag(call, "case_sensitive"));
  const max = maxOf(call);
  let found = all.map((row) => ({ row, fields: searchable(row) })).filter(({ fields }) => isFound(query, fields));
  const { sortBy } = query;
  if (sortBy !== undefined) {
    const keyOf = (fields: Searchable): string => valuesOf(fields, sortBy)[0] ?? "";
    found = found.toSorted((a, b) => compareValues(keyOf(a.fields), keyOf(b.fields)));
    if (query.descending) found.reverse();
  }
  const start = max === Number.POSITIVE_INFINITY ? (query.page - 1) * found.length : (query.page - 1) * max;
  return found.slice(start, start + max).map(({ row }) => row);
};

/** The answer of a searchable collection. */
export const searchedRows = <Row>(
  call: Call,
  list: { readonly element: string; readonly all: readonly Row[]; readonly searchable: (row: Row) => Searchable },
  render: (row: Row) => Resource,
): Answer => {
  const found = searched(call, list.all, list.searchable);
  return rows({ ...call, query: new URLSearchParams() }, list.element, found.map(render));
};
