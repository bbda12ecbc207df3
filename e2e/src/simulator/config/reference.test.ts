import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { configSchema } from "./schema.ts";

interface Shape {
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
}

/** Keys of a schema that have no keys below them, as paths such as `hosts[].name`. */
const keysOf = (shape: Shape, path: string): readonly string[] => {
  const inside = [
    ...(shape.anyOf ?? []).flatMap((one) => keysOf(one, path)),
    ...(shape.items === undefined ? [] : keysOf(shape.items, `${path}[]`)),
    ...Object.entries(shape.properties ?? {}).flatMap(([name, one]) =>
      keysOf(one, path === "" ? name : `${path}.${name}`),
    ),
  ];
  return inside.some((key) => key !== path && key !== `${path}[]`) ? inside : [path];
};

test("every key of the configuration is in its reference, and no other", () => {
  const shape = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as Shape;
  const keys = keysOf(shape, "").map((key) =>
    key.replace(/\[\]$/, "").replace(/^(?:templates|vms)\[\]\.(?=disks\[\]\.)/, ""),
  );
  const document = readFileSync(join(import.meta.dirname, "..", "CONFIGURATION.md"), "utf8");
  const told = document
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ""));
  const listed = told.filter((key) => !key.endsWith("[]"));
  expect(listed.toSorted()).toEqual([...new Set(keys)].toSorted());
});
