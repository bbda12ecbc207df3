import { expect, test } from "vitest";

import { isEngineAtLeast } from "../hypervisor/engine-version.ts";
import { type CapturePolicy, defaultCapturePolicy } from "./capture-policy.ts";
import { chooseCapture } from "./choose-capture.ts";

interface Facts {
  readonly engine?: string;
  readonly level: number;
  readonly status?: string;
  readonly policy?: Partial<CapturePolicy>;
}

const choose = ({ engine = "4.5.6-1.el9", level, status = "up", policy = {} }: Facts) =>
  chooseCapture({
    engineVersion: engine,
    vm: { name: "web", status, level: { major: 4, minor: level } },
    policy: { ...defaultCapturePolicy, ...policy },
  });

test.each([
  ["hybrid", { level: 7 }],
  ["hybrid", { level: 8, status: "down" }],
  ["hybrid", { level: 7, engine: "a build of our own" }],
  ["live", { level: 7, engine: "4.4.10.7-1" }],
  ["live", { level: 7, policy: { legacy: true } }],
  ["cold", { level: 7, status: "down", policy: { legacy: true } }],
  ["live", { level: 6 }],
  ["cold", { level: 6, status: "down" }],
  ["live", { level: 3 }],
  ["snapshot", { level: 7, policy: { way: "snapshot" } }],
] satisfies (readonly [string, Facts])[])("%s is chosen for %j, without a word", (kind, facts) => {
  expect(choose(facts)).toStrictEqual({ kind, remarks: [] });
});

test.each([
  [{ level: 4, status: "down" }, "its compatibility level is 4.4, a cold capture needs 4.5"],
  [{ level: 2 }, "its compatibility level is 4.2, the backup API needs 4.3"],
  [{ level: 5, status: "down", engine: "4.4.3" }, "the engine is 4.4.3, a cold capture needs 4.4.4"],
] satisfies (readonly [Facts, string])[])(
  "where the backup API cannot, a snapshot is planned with a notice, and a job that insists is told why: %j",
  (facts, words) => {
    const { kind, remarks } = choose(facts);
    expect(kind).toBe("snapshot");
    expect(remarks).toMatchObject([{ level: "notice", code: "SNAPSHOT_CAPTURE" }]);
    expect(remarks[0]?.message).toContain(words);
    const insist = () => choose({ ...facts, policy: { way: "backup-api" } });
    expect(insist).toThrow(expect.objectContaining({ code: "CAPTURE_NOT_SUPPORTED" }));
    expect(insist).toThrow(words);
  },
);

test.each(["auto", "backup-api", "snapshot"] as const)(
  "an engine of 4.3 is not supported, whatever is wanted: %s",
  (way) => {
    const ask = () => choose({ engine: "4.3.10.4-1.el7", level: 3, policy: { way } });
    expect(ask).toThrow(expect.objectContaining({ code: "ENGINE_NOT_SUPPORTED" }));
    expect(ask).toThrow("the engine is 4.3.10.4-1.el7; 4.4 or newer is needed");
  },
);

test.each([
  ["4.5.6-1.el9", [4, 5], true],
  ["4.5.6", [4, 5, 7], false],
  ["4.10", [4, 9, 1], true],
  ["5", [4, 4], true],
  ["4.4", [4, 4, 0], true],
  ["unknown", [4, 4], undefined],
] as const)("version %s is at least %j: %s", (version, wanted, answer) => {
  expect(isEngineAtLeast(version, ...wanted)).toBe(answer);
});
