import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { answerFor, candidatesOf, collectionStates, condemnable, nextOfCommit } from "./transitions.ts";

const none: ReadonlySet<string> = new Set();

it("names the durable pack first, and never a condemned one", () => {
  expect(answerFor({ indexed: "a", pending: "b" }, none)).toEqual({ state: "present", pack: "a" });
  expect(answerFor({ indexed: "a", pending: "b" }, new Set(["a"]))).toEqual({ state: "pending", pack: "b" });
  expect(answerFor({ indexed: "a", pending: undefined }, new Set(["a"]))).toEqual({ state: "absent" });
  expect(answerFor({ indexed: undefined, pending: "b" }, new Set(["b"]))).toEqual({ state: "absent" });
});

it("gives a collection what no upload uses", () => {
  expect(candidatesOf(["a", "b"], new Set(["b"]))).toEqual(["a"]);
  expect(condemnable(["a", "b", "c"], [new Set(["b"]), new Set(["c", "d"])])).toEqual({
    condemned: ["a"],
    spared: ["b", "c"],
  });
});

it("lets a commit write only when all is durable and there", () => {
  expect(nextOfCommit({ isOver: true, unsettled: 0, holes: 0 })).toBe("refuse");
  expect(nextOfCommit({ isOver: false, unsettled: 1, holes: 1 })).toBe("settle");
  expect(nextOfCommit({ isOver: false, unsettled: 0, holes: 1 })).toBe("heal");
  expect(nextOfCommit({ isOver: false, unsettled: 0, holes: 0 })).toBe("write");
});

it("is drawn in the protocol document as it is", async () => {
  const page = await readFile(new URL("../../../docs/design/repository-protocol.md", import.meta.url), "utf8");
  const [, drawn] = /<!-- collection-states:begin [^>]*-->\n([\s\S]*?)<!-- collection-states:end -->/.exec(page) ?? [];
  expect(drawn).toBe(`\`\`\`mermaid\n${collectionStates.toMermaid()}\n\`\`\`\n`);
});
