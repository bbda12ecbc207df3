import { expect, test } from "vitest";

import { markOf } from "../hypervisor/marks.ts";
import { obsoleteCheckpoints } from "./remove-checkpoints.ts";

const mark = (installationId: string): string =>
  markOf({ installationId, taskId: "t", attemptNumber: 1, attemptId: "a" });
const row = (id: string, description: string, createdMs: number) =>
  ({ id, parentId: undefined, state: "created", description, createdMs }) as const;

test("R6: only checkpoints of ours that no newest good point names are obsolete, oldest first", () => {
  const rows = [
    row("new", mark("ours"), 5),
    row("kept", mark("ours"), 4),
    row("old", mark("ours"), 1),
    row("foreign", mark("theirs"), 0),
    row("users", "before the upgrade", 2),
    row("recorded", "", 3),
  ];
  const ids = (ownIds?: ReadonlySet<string>) =>
    obsoleteCheckpoints(rows, {
      installationId: "ours",
      keepIds: new Set(["kept"]),
      ...(ownIds ? { ownIds } : {}),
    }).map(({ id }) => id);
  expect(ids()).toEqual(["old", "new"]);
  expect(ids(new Set(["recorded", "kept"]))).toEqual(["old", "recorded", "new"]);
});
