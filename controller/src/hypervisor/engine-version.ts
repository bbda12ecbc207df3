/** The numbers of an engine's version; undefined when its text does not begin with any. */
const numbersOf = (version: string): readonly number[] | undefined => {
  const found = /^\d+(?:\.\d+)*/.exec(version)?.[0];
  return found?.split(".").map(Number);
};

/**
 * True when an engine's version, such as `4.5.6-1.el9`, is this one or newer; undefined for a version that cannot be read, of
 * which nobody knows.
 */
export const isEngineAtLeast = (version: string, ...wanted: readonly number[]): boolean | undefined => {
  const numbers = numbersOf(version);
  if (numbers === undefined) return undefined;
  for (const [index, want] of wanted.entries()) {
    const has = numbers[index] ?? 0;
    if (has !== want) return has > want;
  }
  return true;
};
