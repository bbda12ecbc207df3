import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { uploadStates } from "./upload-state.ts";

const page = new URL("../../../docs/design/repository-protocol.md", import.meta.url);

it("is drawn in the protocol document as it is", async () => {
  const [, drawn] =
    /<!-- upload-states:begin [^>]*-->\n([\s\S]*?)<!-- upload-states:end -->/.exec(await readFile(page, "utf8")) ?? [];

  expect(drawn).toBe(`\`\`\`mermaid\n${uploadStates.toMermaid()}\n\`\`\`\n`);
});

it("never leaves its end", () => {
  expect(uploadStates.names.filter((name) => uploadStates.isFinal(name))).toEqual(["ended"]);
  expect(() => {
    uploadStates.assertMove("ended", "open");
  }).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
});
