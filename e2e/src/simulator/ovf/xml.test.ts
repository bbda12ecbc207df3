import { expect, test } from "vitest";

import { childText, descendants, escapeXml, parseXml } from "./xml.ts";

test("elements, attributes, text, entities, comments and CDATA are read", () => {
  const root = parseXml(`<?xml version="1.0"?>
    <!-- note --><a:r x='1' y="&lt;&#65;&#x42;"><b>one</b><b><![CDATA[<two>]]></b><c><b/></c></a:r>`);
  expect(root).toMatchObject({ name: "a:r", attributes: { x: "1", y: "<AB" } });
  expect(descendants(root, "b").map((one) => one.text)).toEqual(["one", "<two>", ""]);
  expect(childText(root, "b")).toBe("one");
});

test("what was escaped reads as it was", () => {
  const text = `a < b & "c" 'd' ü`;
  expect(parseXml(`<r x="${escapeXml(text)}">${escapeXml(text)}</r>`)).toMatchObject({ text, attributes: { x: text } });
});

test.each(["", "<a>", "<a></b>", "<a/></a>", "text", "<a x=1/>", "<a><b></a></b>"])(
  "malformed XML is refused: %s",
  (text) => {
    expect(() => parseXml(text)).toThrow(SyntaxError);
  },
);
