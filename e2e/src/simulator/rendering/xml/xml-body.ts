import { type XmlElement, parseXml } from "../../xml/read-xml.ts";
import { pluralOf } from "../plural.ts";

/** What an element without anything in it is read as: the empty text, or a structure or list without anything in it. */
export const emptyElement: Readonly<Record<string, never>> = Object.freeze({});

/**
 * A request body that came as XML: the same tree that JSON would have given. Unlike in JSON, elements that a type does
 * not have are passed over.
 */
export class XmlBody {
  /** Name of the root element. */
  readonly root: string;
  readonly tree: unknown;
  constructor(root: string, tree: unknown) {
    this.root = root;
    this.tree = tree;
  }
}

/** The tree of a body, whichever representation it came in. */
export const treeOf = (body: unknown): unknown => (body instanceof XmlBody ? body.tree : body);

/** True for an element that its parent may hold many times; JSON has an array under its name. */
const isItem = (parent: XmlElement, child: XmlElement): boolean =>
  child.name === "link" || pluralOf(child.name) === parent.name;

const toTree = (element: XmlElement): unknown => {
  const { attributes, children, text } = element;
  if (children.length === 0 && Object.keys(attributes).length === 0) return text.trim() === "" ? emptyElement : text;
  const tree: Record<string, unknown> = { ...attributes };
  for (const child of children) {
    const former = tree[child.name];
    const value = toTree(child);
    tree[child.name] = isItem(element, child)
      ? [...(Array.isArray(former) ? (former as unknown[]) : []), value]
      : value;
  }
  return tree;
};

/** Reads the body of a request in XML. Throws SyntaxError. */
export const parseXmlBody = (text: string): XmlBody => {
  const root = parseXml(text);
  return new XmlBody(root.name, toTree(root));
};
