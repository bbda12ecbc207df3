import { create } from "@bufbuild/protobuf";
import { GetVersionResponseSchema } from "@holdfast/proto/holdfast/controller/v1/system_pb";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { scriptedContext } from "../testing/scripted-context.ts";
import { emit, factsText, parseOutputFormat, tableText } from "./output.ts";

test("a table is aligned, without borders and without blanks at line ends", () => {
  expect(
    tableText(
      ["name", "size"],
      [
        ["web-1", "1"],
        ["x", "22"],
      ],
    ),
  ).toBe("NAME   SIZE\nweb-1  1\nx      22");
});

test("facts without a value are left out", () => {
  expect(
    factsText([
      ["name", "a"],
      ["host", ""],
      ["cluster", "c"],
    ]),
  ).toBe("name     a\ncluster  c");
});

test("json and yaml have the same shape, unset fields included", () => {
  const context = scriptedContext();
  const message = create(GetVersionResponseSchema, { version: "1", startedMs: 5n });
  for (const output of ["json", "yaml"] as const)
    emit(context, { output }, { schema: GetVersionResponseSchema, message, table: () => "" });

  const expected = { version: "1", installationId: "", timeZone: "", startedMs: "5" };
  expect(JSON.parse(context.printed[0] ?? "")).toEqual(expected);
  expect(parse(context.printed[1] ?? "")).toEqual(expected);
});

test("an unknown form is refused with the known ones", () => {
  expect(() => parseOutputFormat("xml")).toThrow(/table, json, yaml/);
});
