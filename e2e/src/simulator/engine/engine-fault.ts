/** The text that stands for "several messages in one fault": the engine prints its list in brackets. */
const bracketed = (messages: readonly string[]): string => `[${messages.join(", ")}]`;

/** A refusal in the engine's words: becomes a fault body with this status. */
export class EngineFault extends Error {
  override readonly name = "EngineFault";
  readonly status: number;
  readonly reason: string;
  readonly detail: string;

  constructor(status: number, reason: string, detail: string) {
    super(`${reason}: ${detail}`);
    this.status = status;
    this.reason = reason;
    this.detail = detail;
  }
}

/** An entity of the path does not exist: 404 with an empty body. */
export class MissingEntity extends Error {
  override readonly name = "MissingEntity";
}

/** A validation message of an action such as "Cannot backup VM", 400. */
export const refused = (...messages: readonly string[]): EngineFault =>
  new EngineFault(400, "Operation Failed", bracketed(messages));

/** A lock or a wrong status, 409. */
export const conflict = (...messages: readonly string[]): EngineFault =>
  new EngineFault(409, "Operation Failed", bracketed(messages));

/** The request lacks what the type needs, 400. */
export const incomplete = (detail: string): EngineFault => new EngineFault(400, "Incomplete parameters", detail);

/** The request has a value that cannot be, 400. */
export const invalid = (detail: string): EngineFault => new EngineFault(400, "Invalid value", detail);

/** The row of a map, or MissingEntity. */
export const existing = <Row>(rows: ReadonlyMap<string, Row>, id: string): Row => {
  const row = rows.get(id);
  if (row === undefined) throw new MissingEntity(`no entity ${id}`);
  return row;
};

/** The first row with this id, or MissingEntity. */
export const existingIn = <Row extends { readonly id: string }>(rows: readonly Row[], id: string): Row => {
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw new MissingEntity(`no entity ${id}`);
  return row;
};
