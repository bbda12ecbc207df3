/** Fields of a row by which it can be searched, in lower case; a field of related rows may have several values. */
export type Searchable = Readonly<Record<string, string | readonly string[] | undefined>>;

type Test = (value: string) => boolean;

interface Term {
  /** Undefined for a word that is looked for in every field. */
  readonly field: string | undefined;
  readonly negated: boolean;
  readonly test: Test;
}

/** A search in the engine's language, read. */
export interface Query {
  /** Alternatives of terms that must all fit. */
  readonly anyOf: readonly (readonly Term[])[];
  readonly sortBy?: string;
  readonly descending: boolean;
  readonly page: number;
}

/** Fields whose values are words of the engine: their case never matters. */
const enumerations = new Set(["status", "severity", "type", "interface", "disk_type"]);

const toPattern = (text: string, isCaseSensitive: boolean): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => RegExp.escape(part))
      .join(".*")}$`,
    isCaseSensitive ? "s" : "is",
  );

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  ">": (order) => order > 0,
  "<": (order) => order < 0,
  ">=": (order) => order >= 0,
  "<=": (order) => order <= 0,
};

const isNumber = (text: string): boolean => /^-?\d+$/.test(text);

/** Numbers by their value, other texts by their letters. */
export const compareValues = (a: string, b: string): number =>
  isNumber(a) && isNumber(b) ? Number(a) - Number(b) : a.localeCompare(b);

const unquoted = (text: string): string => /^(?:"([^]*)"|'([^]*)')$/.exec(text)?.slice(1).find(Boolean) ?? text;

const parseTerm = (text: string, isCaseSensitive: boolean): Term => {
  const match = /^\s*([\w.]+)\s*(!=|>=|<=|=|>|<)\s*("[^"]*"|'[^']*'|\S.*?)\s*$/.exec(text);
  if (match === null) {
    const pattern = toPattern(`*${unquoted(text.trim())}*`, isCaseSensitive);
    return { field: undefined, negated: false, test: (value) => pattern.test(value) };
  }
  const [, name = "", operator = "=", quoted = ""] = match;
  const [field, wanted, compare] = [name.toLowerCase(), unquoted(quoted), comparisons[operator]];
  const pattern = toPattern(wanted, isCaseSensitive && !enumerations.has(field));
  const test: Test =
    compare === undefined ? (value) => pattern.test(value) : (value) => compare(compareValues(value, wanted));
  return { field, negated: operator === "!=", test };
};

/** Splits at a word that stands outside of quotes. */
const splitAt = (text: string, word: "and" | "or"): readonly string[] => {
  const pieces = text.split(new RegExp(`\\s+${word}\\s+(?=(?:[^"]*"[^"]*")*[^"]*$)`, "i"));
  return pieces.filter((piece) => piece.trim() !== "");
};

/** Reads the engine's query language as far as it is in common use: `name=web* and cluster=c1 sortby name desc page 2`. */
export const parseQuery = (text: string, isCaseSensitive: boolean): Query => {
  const page = /(?:^|\s)page\s+(\d+)\s*$/i.exec(text);
  const unpaged = page === null ? text : text.slice(0, page.index);
  const sort = /(?:^|\s)sortby\s+([\w.]+)(?:\s+(asc|desc))?\s*$/i.exec(unpaged);
  const terms = (sort === null ? unpaged : unpaged.slice(0, sort.index)).trim();
  return {
    anyOf: splitAt(terms, "or").map((part) => splitAt(part, "and").map((term) => parseTerm(term, isCaseSensitive))),
    ...(sort?.[1] === undefined ? {} : { sortBy: sort[1].toLowerCase() }),
    descending: sort?.[2]?.toLowerCase() === "desc",
    page: Math.max(1, Number(page?.[1] ?? 1)),
  };
};

/** The values of a field; none when the row has no such field. */
export const valuesOf = (row: Searchable, field: string): readonly string[] => {
  const value = row[field];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
};

const fits = ({ field, negated, test }: Term, row: Searchable): boolean =>
  (field === undefined ? Object.keys(row) : [field]).some((name) => valuesOf(row, name).some(test)) !== negated;

/** True when a row is among what the query looks for; without terms every row is. */
export const isFound = (query: Query, row: Searchable): boolean =>
  query.anyOf.length === 0 || query.anyOf.some((terms) => terms.every((term) => fits(term, row)));
