import { expect, test } from "vitest";

import { escapeXml } from "./escape-xml.ts";
import { childText, descendants, parseXml } from "./read-xml.ts";

test("elements, attributes, text, entities, comments and CDATA are read", () => {
  const root = parseXml(`<?xml version="1.0"?>
    <!-- note --><a:r x='1' y="&lt;&#65;&#x42;"><b>one</b><b><![CDATA[<two>]]></b><c><b/></c></a:r>`);
  expect(root).toMatchObject({ name: "a:r", attributes: { x: "1", y: "<AB" } });
  expect(descendants(root, "b").map((one) => one.text)).toEqual(["one", "<two>", ""]);
  expect(childText(root, "b")).toBe("one");
});

test("what was escaped reads as it was", () => {
  const text = `a < b & "c" 'd' ü\r`;
  expect(parseXml(`<r x="${escapeXml(text)}">${escapeXml(text)}</r>`)).toMatchObject({ text, attributes: { x: text } });
});

test.each([
  "",
  "<a>",
  "<a></b>",
  "<a/></a>",
  "text",
  "<a x=1/>",
  "<a><b></a></b>",
  "<a/><b/>",
  "<a/>b",
  "<a>&b;</a>",
  "<a>&</a>",
])("malformed XML is refused: %s", (text) => {
  expect(() => parseXml(text)).toThrow(SyntaxError);
});

test("a document type is refused, and with it every entity that a document would bring along", () => {
  expect(() => parseXml(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`)).toThrow(/document type/);
  expect(() => parseXml("<a><__proto__>1</__proto__></a>")).toThrow(SyntaxError);
});

test("white space inside an element is kept, but for who asks for a child's text", () => {
  const root = parseXml("<a><b> x\n y </b></a>");
  expect(root.children[0]?.text).toBe(" x\n y ");
  expect(childText(root, "b")).toBe("x\n y");
});
