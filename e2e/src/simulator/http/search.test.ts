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
  return searched(call, names, (name) => ({ name, cluster: name.startsWith("web") ? "c1" : "c2" }));
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
