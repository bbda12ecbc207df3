import { expect, test } from "vitest";

import { Collection, Decimal, Instant, struct } from "../resource.ts";
import { renderJson } from "./render-json.ts";

test("integers and booleans are strings, dates and decimals are numbers", () => {
  const resource = struct("x", {
    memory: 1024,
    bootable: true,
    creation_time: new Instant(1_472_564_909_990),
    datum: new Decimal(0.5),
    absent: undefined,
  });
  expect(JSON.parse(renderJson(resource))).toEqual({
    memory: "1024",
    bootable: "true",
    creation_time: 1_472_564_909_990,
    datum: 0.5,
  });
});

test("an empty collection is an empty object, at the top and nested", () => {
  expect(renderJson(new Collection("vm", []))).toBe("{}");
  expect(renderJson(struct("vm", { nics: new Collection("nic", []) }))).toBe('{"nics":{}}');
});

test("a collection wraps its rows in the singular name", () => {
  const rows = new Collection("vm", [{ element: "vm", id: "1", href: "/h/1", fields: { name: "a" } }]);
  expect(JSON.parse(renderJson(rows))).toEqual({ vm: [{ id: "1", href: "/h/1", name: "a" }] });
});
