import type { Clock } from "@holdfast/shared/clock/clock";

/** Tells the reader of the demo what happens, with the seconds since it began. */
export interface Narrator {
  /** A step that begins now. */
  readonly step: (text: string) => void;
  /** What came of it. */
  readonly tell: (text: string) => void;
  readonly elapsedMs: () => number;
}

/** A narrator on standard output. */
export const createNarrator = (clock: Clock): Narrator => {
  const beganMs = clock.monotonicMs();
  const elapsedMs = (): number => clock.monotonicMs() - beganMs;
  const print = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  return {
    step: (text) => {
      print(`${(elapsedMs() / 1000).toFixed(1).padStart(6)} s  ${text}`);
    },
    tell: (text) => {
      print(text.replaceAll(/^/gm, `${" ".repeat(10)}- `).replaceAll(/^ {10}- $/gm, ""));
    },
    elapsedMs,
  };
};
