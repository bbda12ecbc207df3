import { expect, test } from "vitest";
import { executedBlocks, parseFencedBlocks } from "./fenced-blocks.ts";

const document = `# Title

\`\`\`sh
echo one
echo "\`two\`"
\`\`\`

Words.

\`\`\`console
make demo
\`\`\`

\`\`\`\`sh
cat <<'END'
\`\`\`
END
\`\`\`\`
`;

test("blocks come in order with their language and place", () => {
  expect(parseFencedBlocks(document)).toEqual([
    { language: "sh", text: 'echo one\necho "`two`"\n', line: 4 },
    { language: "console", text: "make demo\n", line: 11 },
    { language: "sh", text: "cat <<'END'\n```\nEND\n", line: 15 },
  ]);
});

test("console blocks are shown, not executed", () => {
  expect(executedBlocks(document).map((block) => block.line)).toEqual([4, 15]);
});

test("a block of unknown or no language fails, with its place", () => {
  expect(() => executedBlocks("```sh\na\n```\n\n```\nb\n```\n```fish\nc\n```\n")).toThrow(
    "blocks of unknown language: line 6 (none), line 9 (fish); known are sh, console, text",
  );
});

test("a block that is not closed fails", () => {
  expect(() => parseFencedBlocks("words\n```sh\necho\n")).toThrow("the block at line 3 is not closed");
});
