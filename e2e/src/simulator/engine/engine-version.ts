import type { Engine } from "./engine.ts";

const numbersOf = (version: string): readonly number[] => version.split(".").map(Number);

/** True when the engine's own version, which decides what its API has, is the given one or newer. */
export const isEngineAtLeast = ({ config }: Pick<Engine, "config">, version: string): boolean => {
  const own = numbersOf(config.version);
  for (const [index, wanted] of numbersOf(version).entries()) {
    const number = own[index] ?? 0;
    if (number !== wanted) return number > wanted;
  }
  return true;
};
