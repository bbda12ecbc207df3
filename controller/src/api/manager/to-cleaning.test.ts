import { expect, test } from "vitest";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { LeftThing } from "../../janitor/cleaning-board.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toCleaning } from "./to-cleaning.ts";

const things = (count: number): LeftThing[] =>
  Array.from({ length: count }, (_, at) => ({
    what: "keep disk",
    objectId: `d${at}`,
    vmId: "",
    taskId: "",
    code: "",
    reason: "",
    sinceMs: 1,
    tries: 1,
  }));

const told = (failed: number, left: number) => {
  const standing = { lookedMs: 1, failure: "", ending: 0, cleaned: [], failed: things(failed), left: things(left) };
  const deps = { cleaning: { of: () => standing } } as unknown as Pick<ApiDeps, "cleaning">;
  return toCleaning(deps, { record: { managerId: "m" }, inventory: undefined } as unknown as ManagerConnection);
};

test("an answer tells a bounded number of things that are left, and how many more there are", () => {
  const { failed, left, moreFailed, moreLeft } = told(203, 200);
  expect([failed?.length, left?.length, moreFailed, moreLeft]).toEqual([200, 200, 3, 0]);
  expect(told(0, 1)).toMatchObject({ moreFailed: 0, moreLeft: 0 });
});
