import { expect, test } from "vitest";

import { preferredType } from "./accept.ts";

const [xml, json] = ["application/xml", "application/json"];

test.each([
  [xml, xml],
  [json, json],
  ["*/*", xml],
  ["application/*", xml],
  [`${json}, */*`, json],
  [`${json};q=0.5, ${xml};q=0.4`, json],
  [`${xml};q=0.4, ${json};q=0.5`, json],
  [`*/*;q=0.1, ${json};charset=UTF-8`, json],
  [`${xml};q=0, */*`, json],
  ["APPLICATION/JSON", json],
])("the quality decides, then the more exact range, then XML: %s", (accept, wanted) => {
  expect(preferredType(accept, [xml, json])).toBe(wanted);
});

test("what is not offered, or refused by its quality, is not chosen", () => {
  expect(preferredType("text/html", [xml, json])).toBeUndefined();
  expect(preferredType(`${json};q=0`, [xml, json])).toBeUndefined();
});
