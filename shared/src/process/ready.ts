import { z } from "zod";

const schema = z.looseObject({ ready: z.literal(true), address: z.string().optional() });

/** What a process tells on standard output when it serves: one JSON line with `"ready":true` and where it is reached. */
export type ReadyLine = z.output<typeof schema>;

/** Tells whoever started this process that it serves. */
export const announceReady = (facts: Readonly<Record<string, string | number | boolean>> = {}): void => {
  process.stdout.write(`${JSON.stringify({ ready: true, ...facts })}\n`);
};

/** The ready line in a line of output, or nothing when it is another line. */
export const parseReadyLine = (line: string): ReadyLine | undefined => {
  if (!line.startsWith("{") || !line.includes('"ready"')) return undefined;
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};
