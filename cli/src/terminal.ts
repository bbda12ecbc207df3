import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks one question on standard error and reads the answer from standard input. */
export const askOnTerminal = async (question: string, signal: AbortSignal): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
};

/** The same without showing what is typed. */
export const askSecretOnTerminal = async (question: string, signal: AbortSignal): Promise<string> => {
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
