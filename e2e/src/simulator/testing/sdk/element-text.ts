import { escapeXml } from "../../xml/escape-xml.ts";
import type { XmlElement } from "../../xml/read-xml.ts";
import type { Tree } from "../api-client.ts";

const attributes = new Set(["id", "href"]);

const indent = (depth: number): string => "  ".repeat(depth);

const lines = (element: XmlElement, depth: number): readonly string[] => {
  const opened = Object.entries(element.attributes).reduce(
    (tag, [name, value]) => `${tag} ${name}="${escapeXml(value)}"`,
    `${indent(depth)}<${element.name}`,
  );
  if (element.children.length > 0) {
    const inside = element.children.flatMap((child) => lines(child, depth + 1));
    return [`${opened}>`, ...inside, `${indent(depth)}</${element.name}>`];
  }
  return [element.text === "" ? `${opened}/>` : `${opened}>${escapeXml(element.text)}</${element.name}>`];
};

/** A document with an element on each line, as libraries write it that are asked to indent. */
export const indented = (root: XmlElement): string => `${lines(root, 0).join("\n")}\n`;

/** The element of a tree in the form of the API's JSON, as an SDK writes it: ids are attributes, names are sorted. */
export const toElement = (name: string, tree: Tree): XmlElement => {
  if (typeof tree !== "object") return { name, attributes: {}, children: [], text: String(tree) };
  const entries = Object.entries<Tree>(tree)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    name,
    text: "",
    attributes: Object.fromEntries(entries.filter(([key]) => attributes.has(key))),
    children: entries
      .filter(([key]) => !attributes.has(key))
      .flatMap(([key, value]) =>
        Array.isArray(value) ? value.map((item) => toElement(key, item)) : [toElement(key, value)],
      ),
  };
};
