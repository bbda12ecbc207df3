/** One method and path pattern, such as `GET /vms/:vm`, with what answers it. */
export interface Route<Handle> {
  readonly method: string;
  readonly pattern: string;
  readonly handle: Handle;
}

/** A route that fits a request, with the parts of the path that its pattern names. */
export interface Match<Handle> {
  readonly route: Route<Handle>;
  readonly params: Readonly<Record<string, string>>;
}

const parts = (path: string): readonly string[] => path.split("/").filter((part) => part !== "");

const paramsOf = (pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined => {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = path[index] ?? "";
    if (expected.startsWith(":")) params[expected.slice(1)] = decodeURIComponent(actual);
    else if (expected !== actual) return undefined;
  }
  return params;
};

/** Finds the route of a request; `wrong method` tells that the path exists for other methods. */
export const matchRoute = <Handle>(
  routes: readonly Route<Handle>[],
  method: string,
  path: string,
): Match<Handle> | "wrong method" | "unknown path" => {
  const wanted = parts(path);
  let known = false;
  for (const route of routes) {
    const params = paramsOf(parts(route.pattern), wanted);
    if (params === undefined) continue;
    if (route.method === method) return { route, params };
    known = true;
  }
  return known ? "wrong method" : "unknown path";
};

/** `GET /vms/:vm`: the name of a route in counters and faults. */
export const routeName = (route: { readonly method: string; readonly pattern: string }): string =>
  `${route.method} ${route.pattern}`;
