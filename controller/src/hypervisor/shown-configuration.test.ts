import { expect, test } from "vitest";

import { shownConfiguration, shownOvf } from "./shown-configuration.ts";

test("of what a guest is told only the names are shown", () => {
  const saved = { v: 1, name: "vm", initialization: { texts: { custom_script: "password: x" }, nics: [] } };
  expect(JSON.parse(shownConfiguration(JSON.stringify(saved)))).toEqual({
    v: 1,
    name: "vm",
    initialization: { texts: { custom_script: "(kept, not shown)" }, nics: [] },
  });
  expect(shownConfiguration("")).toBe("");
  expect(shownConfiguration("password: x")).toBe("");
});

test("an OVF is shown without it, in both forms of an element", () => {
  const around = (inside: string) => `<Content><Name>vm</Name>${inside}<Disk/></Content>`;
  for (const told of ['<VmInit ovf:customScript="x"/>', '<VmInit ovf:hostname="h">password</VmInit>']) {
    expect(shownOvf(around(told))).toBe(around("<VmInit/>"));
  }
});
