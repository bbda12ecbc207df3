/** The first lines of every generated document. */
export const heading = (title: string, intro: string): string =>
  `# ${title}\n\n<!-- Made by scripts/generate-docs.ts from the code; edit that. -->\n\n${intro}\n`;

/** A table; cells may not hold line ends, and bars are escaped. */
export const markdownTable = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => "---"), ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", String.raw`\|`).replaceAll("\n", " ")).join(" | ")} |`)
    .join("\n")
    .concat("\n");
