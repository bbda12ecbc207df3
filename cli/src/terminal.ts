import { createInterface, type Interface } from "node:readline";
import { createInterface as createPromising } from "node:readline/promises";
import { Writable } from "node:stream";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";

/** Where questions are asked: on standard error, answered from standard input. */
export interface Terminal extends Disposable {
  /** Asks one question; lines that were typed or pasted ahead are its answer. CANCELLED when the input ends. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string, signal: AbortSignal): Promise<string>;
}

/** The terminal of this process; disposing lets go of standard input. */
export const openTerminal = (): Terminal => {
  const ahead: string[] = [];
  let lines: Interface | undefined;
  const nextLine = (signal: AbortSignal): Promise<string> => {
    const line = ahead.shift();
    if (line !== undefined) return Promise.resolve(line);
    lines ??= createInterface({ input: process.stdin, terminal: false }).on("line", (one) => ahead.push(one));
    const reader = lines;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const take = (): void => {
      resolve(ahead.shift() ?? "");
    };
    const end = (): void => {
      reject(new HoldfastError("CANCELLED", "the input ended before the answer"));
    };
    reader.once("line", take).once("close", end);
    return orAborted(promise, signal).finally(() => reader.off("line", take).off("close", end));
  };
  const letGo = (): void => {
    lines?.close();
    lines = undefined;
  };
  return {
    ask: (question, signal) => {
      process.stderr.write(question);
      return nextLine(signal);
    },
    askSecret: async (question, signal) => {
      const typedAhead = ahead.shift();
      if (typedAhead !== undefined) return typedAhead;
      letGo();
      return await readUnseen(question, signal);
    },
    [Symbol.dispose]: letGo,
  };
};

const readUnseen = async (question: string, signal: AbortSignal): Promise<string> => {
  process.stderr.write(question);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createPromising({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("", { signal });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
};
