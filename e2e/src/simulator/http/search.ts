import { invalid } from "../engine/engine-fault.ts";
import type { Resource } from "../rendering/resource.ts";
import { type Answer, type Call, rows } from "./call.ts";

/** Fields of a row by which it can be searched, in lower case; `text` is what free words are looked for in. */
export type Searchable = Readonly<Record<string, string | undefined>>;

interface Term {
  readonly field: string | undefined;
  readonly negated: boolean;
  readonly pattern: RegExp;
}

interface Query {
  /** Alternatives of terms that must all fit. */
  readonly anyOf: readonly (readonly Term[])[];
  readonly sortBy?: string;
  readonly descending: boolean;
  readonly page: number;
}

const toPattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => RegExp.escape(part))
      .join(".*")}$`,
    "i",
  );

const parseTerm = (text: string): Term => {
  const match = /^\s*([\w.]+)\s*(!=|=)\s*("[^"]*"|\S.*?)\s*$/.exec(text);
  if (match === null) return { field: undefined, negated: false, pattern: toPattern(`*${text.trim()}*`) };
  const [, field = "", operator, value = ""] = match;
  return { field: field.toLowerCase(), negated: operator === "!=", pattern: toPattern(value.replaceAll('"', "")) };
};

/** Reads the engine's query language as far as it is in common use: `name=web* and cluster=c1 sortby name desc page 2`. */
const parseQuery = (text: string): Query => {
  const page = /\s*\bpage\s+(\d+)\s*$/i.exec(text);
  const unpaged = page === null ? text : text.slice(0, page.index);
  const sort = /\s*\bsortby\s+(\w+)(?:\s+(asc|desc))?\s*$/i.exec(unpaged);
  const terms = (sort === null ? unpaged : unpaged.slice(0, sort.index)).trim();
  return {
    anyOf: terms === "" ? [] : terms.split(/\s+or\s+/i).map((part) => part.split(/\s+and\s+/i).map(parseTerm)),
    ...(sort?.[1] === undefined ? {} : { sortBy: sort[1].toLowerCase() }),
    descending: sort?.[2]?.toLowerCase() === "desc",
    page: Number(page?.[1] ?? 1),
  };
};

const fits = (term: Term, row: Searchable): boolean => {
  if (term.field !== undefined) return term.pattern.test(row[term.field] ?? "") !== term.negated;
  return Object.values(row).some((value) => value !== undefined && term.pattern.test(value));
};

const maxOf = (call: Call): number => {
  const text = call.query.get("max");
  if (text === null) return Number.POSITIVE_INFINITY;
  const max = Number(text);
  if (!Number.isInteger(max)) throw invalid(`max must be a number: ${text}`);
  return max < 0 ? Number.POSITIVE_INFINITY : max;
};

/**
 * Answers a collection that can be searched. A page past the end is empty; without `max` all rows come and there is
 * only page 1.
 */
export const searched = <Row>(
  call: Call,
  all: readonly Row[],
  searchable: (row: Row) => Searchable,
): readonly Row[] => {
  const query = parseQuery(call.query.get("search") ?? "");
  const max = maxOf(call);
  let found = all
    .map((row) => ({ row, fields: searchable(row) }))
    .filter(
      ({ fields }) =>
        query.anyOf.length === 0 || query.anyOf.some((terms) => terms.every((term) => fits(term, fields))),
    );
  const { sortBy } = query;
  if (sortBy !== undefined) {
    found = found.toSorted((a, b) => (a.fields[sortBy] ?? "").localeCompare(b.fields[sortBy] ?? ""));
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
