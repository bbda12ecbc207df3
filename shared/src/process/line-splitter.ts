import { StringDecoder } from "node:string_decoder";

/** Characters of one line that are kept; the rest of a longer one is dropped. */
const maxLineLength = 64 * 1024;

/** Cuts output into lines and hands each on, without its end; the last one also when it has none. */
export interface LineSplitter {
  push(bytes: Buffer): void;
  end(): void;
}

/** Makes a splitter that holds at most one line. */
export const createLineSplitter = (onLine: (line: string) => void): LineSplitter => {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, maxLineLength);
    for (const line of lines) onLine(line.slice(0, maxLineLength));
  };
  return {
    push: (bytes) => {
      take(decoder.write(bytes));
    },
    end: () => {
      take(decoder.end());
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
};
