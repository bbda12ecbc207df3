/** An answer of an engine, read whole. */
export interface Answer {
  readonly status: number;
  /** Media type in lower case without parameters; empty when none was sent. */
  readonly mediaType: string;
  readonly text: string;
}

/** True for the statuses with which engines say yes: done, made, and begun. */
export const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** The JSON of an answer; undefined when it is none. */
export const jsonOf = ({ mediaType, text }: Answer): unknown => {
  if (mediaType !== "application/json") return undefined;
  try {
    return JSON.parse(text);
  } catch (caught) {
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
};
