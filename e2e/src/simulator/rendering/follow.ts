/** Paths that a request wants inlined, such as `diskattachments.disk`: lower case, without underscores. */
export type Follow = ReadonlySet<string>;

/** A name as it is compared in paths: case and underscores do not matter. */
export const plain = (name: string): string => name.trim().toLowerCase().replaceAll("_", "");

/** Reads the `follow` parameter: comma-separated paths; case and underscores do not matter. */
export const parseFollow = (text: string | null): Follow => {
  const paths = (text ?? "")
    .split(",")
    .map(plain)
    .filter((path) => path !== "");
  const withParents = paths.flatMap((path) => {
    const parts = path.split(".");
    return parts.map((_, index) => parts.slice(0, index + 1).join("."));
  });
  return new Set(withParents);
};

/** The paths below one name, with that name taken off. */
export const below = (follow: Follow, name: string): Follow =>
  new Set([...follow].filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1)));
