import { HoldfastError } from "../errors/holdfast-error.ts";

/** For every state, the states that may follow it; one that nothing follows is final. */
export type TransitionTable<Name extends string> = Readonly<Record<Name, readonly Name[]>>;

/** A machine that is nothing but its table. */
export interface States<Name extends string> {
  /** What the states are of: `session`, `task` … */
  readonly kind: string;
  readonly names: readonly Name[];
  readonly table: TransitionTable<Name>;
  canMove(from: Name, to: Name): boolean;
  /** ILLEGAL_TRANSITION unless `to` may follow `from`. */
  assertMove(from: Name, to: Name, id?: string): void;
  readonly isFinal: (state: Name) => boolean;
  /** The state of that name, as read from a store; INTERNAL when there is none. */
  parse(text: string): Name;
  /** The diagram that the documents show; the first state of the table is where things begin. */
  toMermaid(): string;
}

/** Makes the machine of a table. */
export const defineStates = <const Table extends Readonly<Record<string, readonly (keyof Table & string)[]>>>(
  kind: string,
  table: Table,
): States<keyof Table & string> => {
  type Name = keyof Table & string;
  const names = Object.keys(table) as Name[];
  const canMove = (from: Name, to: Name): boolean => table[from]?.includes(to) ?? false;

  return {
    kind,
    names,
    table,
    canMove,
    assertMove: (from, to, id) => {
      if (canMove(from, to)) return;
      const what = id === undefined ? kind : `${kind} ${id}`;
      throw new HoldfastError("ILLEGAL_TRANSITION", `${what} may not go from ${from} to ${to}`, {
        details: { kind, from, to, ...(id === undefined ? {} : { id }) },
      });
    },
    isFinal: (state) => table[state]?.length === 0,
    parse: (text) => {
      const name = names.find((known) => known === text);
      if (name === undefined) throw new HoldfastError("INTERNAL", `no state of a ${kind}: ${text}`);
      return name;
    },
    toMermaid: () => toMermaid(names, table),
  };
};

const toMermaid = (names: readonly string[], table: Readonly<Record<string, readonly string[]>>): string =>
  [
    "stateDiagram-v2",
    ...names.slice(0, 1).map((first) => `  [*] --> ${first}`),
    ...names.flatMap((from) => (table[from] ?? []).map((to) => `  ${from} --> ${to}`)),
    ...names.filter((name) => table[name]?.length === 0).map((final) => `  ${final} --> [*]`),
  ].join("\n");
