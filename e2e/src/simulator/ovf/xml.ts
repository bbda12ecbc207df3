/** An element of a document; names keep their prefix, such as `rasd:InstanceId`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside, trimmed. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const unescape = (text: string): string =>
  text.replaceAll(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });

/** Text as it stands inside an element or attribute. */
export const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`);

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const tokens =
  /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[([^]*?)\]\]>|<!DOCTYPE[^>]*>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;

const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name = "", double, single]) => [
      name,
      unescape(double ?? single ?? ""),
    ]),
  );

const newOpen = (name: string, attributes: Record<string, string>): Open => ({
  name,
  attributes,
  children: [],
  text: "",
});

const close = (element: Open): XmlElement => ({ ...element, text: element.text.trim() });

/** Applies one tag to the stack of open elements. */
const applyTag = (stack: Open[], match: RegExpMatchArray): void => {
  const [, , slash, name = "", attributes = "", selfClosing] = match;
  if (slash === "/") {
    const done = stack.pop();
    const parent = stack.at(-1);
    if (done?.name !== name || parent === undefined) throw new SyntaxError(`unexpected </${name}>`);
    parent.children.push(close(done));
    return;
  }
  const opened = newOpen(name, attributesOf(attributes));
  if (selfClosing === "/") stack.at(-1)?.children.push(close(opened));
  else stack.push(opened);
};

/** Reads a document and answers its root. Enough of XML for OVF: no DTD, no processing. Throws SyntaxError. */
export const parseXml = (text: string): XmlElement => {
  const stack: Open[] = [newOpen("", {})];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    if (match.index !== end) throw new SyntaxError(`malformed XML at character ${end}`);
    end = match.index + match[0].length;
    const top = stack.at(-1);
    if (top === undefined) throw new SyntaxError("malformed XML");
    if (match[6] !== undefined) top.text += unescape(match[6]);
    else if (match[1] !== undefined) top.text += match[1];
    else if (match[3] !== undefined) applyTag(stack, match);
  }
  const [document] = stack;
  const root = document?.children[0];
  if (end !== text.length || stack.length !== 1 || root === undefined)
    throw new SyntaxError("the XML document is not complete");
  return root;
};

/** All descendants with this name, in document order. */
export const descendants = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...descendants(child, name)]);

/** Text of the first child with this name. */
export const childText = (element: XmlElement, name: string): string | undefined =>
  element.children.find((child) => child.name === name)?.text;
