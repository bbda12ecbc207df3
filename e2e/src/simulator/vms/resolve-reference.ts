/** A reference of a body, by id or by name. */
export type Reference = { readonly id?: string | undefined; readonly name?: string | undefined } | undefined;

/** The row that a reference means; undefined when none fits. */
export const resolve = <Row extends { readonly id: string; readonly name: string }>(
  rows: ReadonlyMap<string, Row>,
  reference: Reference,
): Row | undefined => [...rows.values()].find((row) => row.id === reference?.id || row.name === reference?.name);
