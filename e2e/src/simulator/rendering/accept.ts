interface Range {
  readonly type: string;
  readonly quality: number;
}

const parseRange = (text: string): Range => {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
};

const specificityOf = (range: Range, mediaType: string): number => {
  if (range.type === mediaType) return 3;
  if (range.type === `${mediaType.split("/")[0] ?? ""}/*`) return 2;
  return range.type === "*/*" ? 1 : 0;
};

/**
 * Which of some media types an Accept header prefers: by quality, then by how exactly it names them, then by their own
 * order. Undefined when it takes none of them.
 */
export const preferredType = (accept: string, offered: readonly string[]): string | undefined => {
  const ranges = accept.split(",").map(parseRange);
  const rated = offered.map((mediaType) => {
    const [best] = ranges
      .map((range) => ({ range, specificity: specificityOf(range, mediaType) }))
      .filter(({ specificity }) => specificity > 0)
      .toSorted((a, b) => b.specificity - a.specificity);
    return { mediaType, quality: best?.range.quality ?? 0, specificity: best?.specificity ?? 0 };
  });
  return rated
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality || b.specificity - a.specificity)[0]?.mediaType;
};
