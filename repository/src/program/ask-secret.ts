import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks on standard error and reads from standard input without showing what is typed. */
export const askSecret = async (question: string, signal: AbortSignal): Promise<string> => {
  process.stderr.write(question);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("", { signal });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
};
