/** Text as it stands inside an element or attribute; carriage returns too, which a reader would otherwise normalise. */
export const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"'\r]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const characterOf = (name: string): string | undefined => {
  if (!name.startsWith("#")) return named[name];
  const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return Number.isInteger(code) && code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined;
};

/** Text with its references resolved: those of XML itself and of characters. Throws SyntaxError for any other. */
export const unescapeXml = (text: string): string =>
  text.replaceAll(/&([^;&]*);?/g, (whole, name: string) => {
    const character = whole.endsWith(";") ? characterOf(name) : undefined;
    if (character === undefined) throw new SyntaxError(`${whole} refers to nothing`);
    return character;
  });
