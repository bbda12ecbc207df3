import { apiPath } from "../rendering/resource.ts";

const partsOf = (path: string): readonly string[] => path.split("/").filter((part) => part !== "");

const fits = (pattern: readonly string[], path: readonly string[]): boolean => {
  const isOpen = pattern.at(-1) === "**";
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((part, index) => part === "*" || part.startsWith(":") || part === path[index]);
};

/** True when a call is one of those that a pattern such as `GET /disks/:disk` means. */
export const matchesCall = (pattern: string, method: string, path: string): boolean => {
  const [wantedMethod = "", wantedPath = ""] = pattern.split(" ");
  if (wantedMethod !== "*" && wantedMethod !== method) return false;
  const wanted = partsOf(wantedPath);
  const belowApi = path.startsWith(apiPath) ? path.slice(apiPath.length).replace(/^\/v4(?=\/|$)/, "") : undefined;
  return fits(wanted, partsOf(path)) || (belowApi !== undefined && fits(wanted, partsOf(belowApi)));
};
