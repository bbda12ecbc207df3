/** One fenced block of a Markdown document. */
export interface FencedBlock {
  readonly language: string;
  readonly text: string;
  /** Line of the document at which its text begins, from 1. */
  readonly line: number;
}

/** The languages that a block may have, and whether a test executes it. */
const languages: Readonly<Record<string, "executed" | "shown">> = { sh: "executed", console: "shown", text: "shown" };

/** The fenced blocks of a document in their order; fails at one that is not closed. */
export const parseFencedBlocks = (markdown: string): readonly FencedBlock[] => {
  const blocks: FencedBlock[] = [];
  let open: { readonly fence: string; readonly language: string; readonly line: number; text: string } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const [, fence, words = ""] = /^(`{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== undefined) open = { fence, language: words.trim(), line: index + 2, text: "" };
    } else if (fence === open.fence && words === "") {
      blocks.push({ language: open.language, text: open.text, line: open.line });
      open = undefined;
    } else open.text += `${line}\n`;
  }
  if (open !== undefined) throw new Error(`the block at line ${open.line} is not closed`);
  return blocks;
};

/** The blocks that a reader is told to run; fails at a block of which nobody said what it is. */
export const executedBlocks = (markdown: string): readonly FencedBlock[] => {
  const blocks = parseFencedBlocks(markdown);
  const unknown = blocks.filter(({ language }) => languages[language] === undefined);
  if (unknown.length > 0) {
    const places = unknown.map(({ line, language }) => `line ${line} (${language === "" ? "none" : language})`);
    throw new Error(`blocks of unknown language: ${places.join(", ")}; known are ${Object.keys(languages).join(", ")}`);
  }
  return blocks.filter(({ language }) => languages[language] === "executed");
};
