import { expect, test } from "vitest";

import type { Call } from "./call.ts";
import { searched } from "./search.ts";

const names = ["web3", "web1", "db1", "web2"];
const run = (query: string): readonly string[] => {
  const call: Call = {
    actor: { login: "a@b" },
    params: {},
    query: new URLSearchParams(query),
    body: {},
    follow: new Set(),
    allContent: false,
  };
  return searched(call, names, (name) => ({
    name,
    cluster: name.startsWith("web") ? "c1" : "c2",
    status: "up",
    size: { web3: "8", web1: "10", db1: "9", web2: "11" }[name],
    note: name === "db1" ? "this or that" : undefined,
    "disks.alias": name.startsWith("web") ? ["data", "root"] : [],
  }));
};

test("without search all rows come", () => {
  expect(run("")).toEqual(names);
});

test("wildcards, and, or, and quotes", () => {
  expect(run("search=name%3Dweb*")).toEqual(["web3", "web1", "web2"]);
  expect(run(`search=${encodeURIComponent('name="db1" or name=web2')}`)).toEqual(["db1", "web2"]);
  expect(run(`search=${encodeURIComponent("name=web* and cluster=c2")}`)).toEqual([]);
});

test("pages need sortby and max; one past the end is empty", () => {
  const page = (number: number) => run(`max=3&search=${encodeURIComponent(`sortby name asc page ${number}`)}`);
  expect(page(1)).toEqual(["db1", "web1", "web2"]);
  expect(page(2)).toEqual(["web3"]);
  expect(page(3)).toEqual([]);
});

test("free words are looked for in every field", () => {
  expect(run("search=c2")).toEqual(["db1"]);
});

test("the case of letters matters only when it is asked for, and never in the engine's own words", () => {
  expect(run("search=name%3DDB1")).toEqual(["db1"]);
  expect(run("search=name%3DDB1&case_sensitive=true")).toEqual([]);
  expect(run("search=status%3DUp&case_sensitive=true")).toEqual(names);
});

test("a term can be negated or compare, numbers by their value", () => {
  expect(run(`search=${encodeURIComponent("name!=web*")}`)).toEqual(["db1"]);
  expect(run(`search=${encodeURIComponent("size>9")}`)).toEqual(["web1", "web2"]);
  expect(run(`search=${encodeURIComponent("size<=9 sortby size desc")}`)).toEqual(["db1", "web3"]);
  expect(run(`search=${encodeURIComponent("sortby size")}`)).toEqual(["web3", "db1", "web1", "web2"]);
});

test("a field of related rows fits when one of its values does, and words in quotes are no operators", () => {
  expect(run(`search=${encodeURIComponent("disks.alias=root")}`)).toEqual(["web3", "web1", "web2"]);
  expect(run(`search=${encodeURIComponent('note="this or that"')}`)).toEqual(["db1"]);
});
