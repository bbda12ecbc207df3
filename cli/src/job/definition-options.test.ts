import { Command } from "commander";
import { expect, test } from "vitest";
import { type DefinitionOptions, isEmpty, withDefinitionOptions } from "./definition-options.ts";

const command = (): Command => withDefinitionOptions(new Command());

/** One way to give each option. */
const samples = command().options.map(({ long, required }) => [long ?? "", ...(required ? ["1"] : [])] as const);

test("nothing given is nothing, whatever the options default to", () => {
  expect(isEmpty(command().parse([], { from: "user" }).opts<DefinitionOptions>())).toBe(true);
});

test.each(samples)("%s alone is a definition's field: no wizard drops it", (...words) => {
  expect(isEmpty(command().parse(words, { from: "user" }).opts<DefinitionOptions>())).toBe(false);
});
