import { expect, test } from "vitest";

import { parseXml } from "../../xml/read-xml.ts";
import { misfits } from "./sdk-types.ts";

test.each([
  ['<vm href="/x"/>', "<vm> has an address, but no id"],
  ['<vm><link rel="nics"/></vm>', "a link without rel or href"],
  ["<vm><status>UP</status></vm>", "<status> of <vm> cannot be UP"],
  ["<disks><disk><sparse>1</sparse></disk></disks>", "<sparse> of <disk> cannot be 1"],
  ["<vm><memory>1.5</memory></vm>", "<memory> of <vm> cannot be 1.5"],
  [
    "<backup><creation_date>1767225600000</creation_date></backup>",
    "<creation_date> of <backup> cannot be 1767225600000",
  ],
])("a client of fixed types breaks at %s", (text, fault) => {
  expect(misfits(parseXml(text))).toEqual([fault]);
});

test("it reads what has its types", () => {
  const text = '<vm id="1" href="/x"><status>up</status><start_time>2026-01-01T00:00:00.000+00:00</start_time></vm>';
  expect(misfits(parseXml(text))).toEqual([]);
});
