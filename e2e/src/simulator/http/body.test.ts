import { expect, test } from "vitest";
import { z } from "zod";

import { parseXmlBody } from "../rendering/xml/xml-body.ts";
import { bool, collection, entity, integer, parseBody, reference, text } from "./body.ts";

const schema = entity(
  {
    name: text.optional(),
    size: integer.optional(),
    on: bool.optional(),
    kind: z.enum(["raw", "cow"]).optional(),
    disks: collection("disk", reference).optional(),
    inner: entity({ name: text.optional() }).optional(),
  },
  ["status"],
);

test("numbers and booleans are taken bare and as texts, and booleans as nothing else", () => {
  expect(parseBody(schema, { name: 7, size: "8", on: "true" })).toEqual({ name: "7", size: 8, on: true });
  expect(parseBody(schema, { size: 8, on: false })).toEqual({ size: 8, on: false });
  expect(() => parseBody(schema, { on: "yes" })).toThrow(/Invalid value/);
  expect(() => parseBody(schema, { on: 1 })).toThrow(/Invalid value/);
});

test("a field that the type has but that means nothing is dropped, one that it does not have is refused", () => {
  expect(parseBody(schema, { status: "ok", href: "/x", link: [] })).toEqual({});
  expect(() => parseBody(schema, { nothing: 1 })).toThrow(/Unrecognized field "nothing"/);
  expect(() => parseBody(schema, { inner: { nothing: 1 } })).toThrow(/Unrecognized field "nothing"/);
});

test("XML gives the same, without what a type does not have at any depth", () => {
  const id = "00000000-0000-4000-8000-000000000001";
  const body = parseXmlBody(
    `<thing id="x"><name/><size>8</size><nothing><a/></nothing><inner><b>1</b><name>n</name></inner>
     <disks href="/d"><disk id="${id}"><nothing/></disk><disk id="${id}"/></disks></thing>`,
  );
  const disks = [expect.objectContaining({ id }), { id }];
  expect(parseBody(schema, body)).toEqual({ name: "", size: 8, inner: { name: "n" }, disks });
  expect(parseBody(schema, parseXmlBody("<thing><disks/><inner/></thing>"))).toEqual({ disks: [], inner: {} });
  expect(() => parseBody(schema, parseXmlBody("<thing><kind>vmdk</kind></thing>"))).toThrow(/Invalid value/);
});
