import { XMLParser, XMLValidator } from "fast-xml-parser";

import { unescapeXml } from "./escape-xml.ts";

/** An element of a document; names keep their prefix, such as `rasd:InstanceId`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside, as it stands in the document. */
  readonly text: string;
}

/** A node as the parser tells it: its name is the key that is not `:@`, which holds the attributes. */
type Node = Readonly<Record<string, readonly Node[] | string | Readonly<Record<string, string>>>>;

const textKey = "#text";
const cdataKey = "#cdata";
const attributesKey = ":@";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  textNodeName: textKey,
  cdataPropName: cdataKey,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: false,
});

const nameOf = (node: Node): string => Object.keys(node).find((key) => key !== attributesKey) ?? "";

const nodesOf = (node: Node): readonly Node[] => {
  const inside = node[nameOf(node)];
  return Array.isArray(inside) ? (inside as readonly Node[]) : [];
};

const scalarOf = (node: Node | undefined): string => {
  const value = node?.[textKey];
  return typeof value === "string" ? value : "";
};

const textOf = (node: Node): string => {
  const name = nameOf(node);
  if (name === textKey) return unescapeXml(scalarOf(node));
  return name === cdataKey ? nodesOf(node).map(scalarOf).join("") : "";
};

const isText = (node: Node): boolean => [textKey, cdataKey].includes(nameOf(node));

const toElement = (node: Node): XmlElement => ({
  name: nameOf(node),
  attributes: Object.fromEntries(
    Object.entries(node[attributesKey] ?? {}).map(([name, value]) => [name, unescapeXml(String(value))]),
  ),
  children: nodesOf(node)
    .filter((child) => !isText(child))
    .map(toElement),
  text: nodesOf(node).map(textOf).join(""),
});

const parseNodes = (text: string): readonly Node[] => {
  if (text.includes("<!DOCTYPE")) throw new SyntaxError("a document type is not taken");
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new SyntaxError(`${verdict.err.msg} (line ${verdict.err.line})`);
  // Neither the validator nor the parser misses what stands after the root.
  if (!text.trimEnd().endsWith(">")) throw new SyntaxError("text stands after the root");
  try {
    return parser.parse(text) as readonly Node[];
  } catch (cause) {
    throw new SyntaxError("the XML document cannot be read", { cause });
  }
};

/** Reads a document and answers its root. No document type and no entities of its own. Throws SyntaxError. */
export const parseXml = (text: string): XmlElement => {
  const nodes = parseNodes(text);
  const [root, ...others] = nodes.filter((node) => !isText(node));
  const isStray = nodes.some((node) => textOf(node).trim() !== "");
  if (root === undefined || others.length > 0 || isStray) throw new SyntaxError("an XML document has one root");
  return toElement(root);
};

/** All descendants with this name, in document order. */
export const descendants = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...descendants(child, name)]);

/** Text of the first child with this name, without the white space around it. */
export const childText = (element: XmlElement, name: string): string | undefined =>
  element.children.find((child) => child.name === name)?.text.trim();
