/**
 * A compatibility level such as 4.7: decides which backup behaviour an engine applies to a VM. It is not the engine's own
 * version.
 */
export interface Level {
  readonly major: number;
  readonly minor: number;
}

/** `4.7` from its parts. */
export const levelText = (level: Level): string => `${level.major}.${level.minor}`;

/** True when a level is `major.minor` or newer. */
export const isAtLeast = (level: Level, major: number, minor: number): boolean =>
  level.major > major || (level.major === major && level.minor >= minor);
