import { expect, test } from "vitest";

import { matchRoute } from "./router.ts";

const routes = [
  { method: "GET", pattern: "/vms", handle: 1 },
  { method: "GET", pattern: "/vms/:vm/backups/:backup", handle: 2 },
];

test("a pattern takes the named parts out of the path", () => {
  expect(matchRoute(routes, "GET", "/vms/a/backups/b")).toMatchObject({ params: { vm: "a", backup: "b" } });
});

test("a known path with another method is told apart from an unknown path", () => {
  expect(matchRoute(routes, "PUT", "/vms")).toBe("wrong method");
  expect(matchRoute(routes, "GET", "/nothing")).toBe("unknown path");
});
