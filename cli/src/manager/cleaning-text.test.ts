import { create } from "@bufbuild/protobuf";
import { CleaningSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { expect, it } from "vitest";
import { cleaningText } from "./cleaning-text.ts";

const words = (fields: Parameters<typeof create<typeof CleaningSchema>>[1]): string =>
  cleaningText(create(CleaningSchema, fields));

it("says when nobody looked yet, and when a look was none", () => {
  expect(words({})).toContain("not looked since the controller started");
  expect(words({ lookedMs: 1_000n, failure: "no answer" })).toMatch(/looked .*, in vain: no answer/);
});

it("says what the engine is still ending", () => {
  expect(words({ lookedMs: 1_000n, ending: 1 })).toMatch(/looked .*, 1 thing is ending by itself$/);
  expect(words({ lookedMs: 1_000n, ending: 2 })).toMatch(/looked .*, 2 things are ending by themselves$/);
  expect(words({ lookedMs: 1_000n })).not.toContain("ending");
});

it("names what was removed, what could not be with its reason, and what is left on purpose", () => {
  const text = words({
    lookedMs: 1_000n,
    cleaned: [{ what: "remove snapshot", objectId: "s1", vmId: "v1", vmName: "web", atMs: 1_000n }],
    failed: [
      {
        what: "end backup",
        objectId: "b1",
        vmId: "v2",
        code: "ENGINE_CONFLICT",
        reason: "locked",
        sinceMs: 1n,
        tries: 7,
      },
    ],
    left: [{ what: "keep disk", objectId: "d1", reason: "vm db has it", sinceMs: 1n, tries: 1 }],
  });
  expect(text).toMatch(/remove snapshot +s1 +web/);
  expect(text).toMatch(/end backup +b1 +v2 .* 7 +locked \(ENGINE_CONFLICT\)/);
  expect(text).toMatch(/left alone on purpose:\n(.*\n)+ +keep disk +d1 .*vm db has it/);
});

it("says how many more there are than are shown", () => {
  const one = { what: "keep disk", objectId: "d1", reason: "vm db has it", sinceMs: 1n, tries: 1 };
  const text = words({ lookedMs: 1_000n, failed: [one], left: [one], moreFailed: 3, moreLeft: 12 });
  expect(text).toMatch(/tried again:\n.*\n.*\n {2}and 3 more\n(.*\n)+ {2}and 12 more$/);
});
