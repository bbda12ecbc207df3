import { expect, test } from "vitest";
import {
  type FaultedCall,
  describeCase,
  faultCases,
  hitsAll,
  roundsOf,
  toMatch,
  toRule,
  twoFaults,
} from "./fault-case.ts";

const ofVm = { call: "GET /vms/:vm/backups/:backup" };
const ofAnybody = { call: "POST /imagetransfers" };
const login = { call: "POST /ovirt-engine/sso/oauth/token" };
const read = { imageio: "read" } as const;
const cases = faultCases([ofAnybody, ofVm, login, read], twoFaults);
const aim = { vmId: "V", diskId: "D" };

test("each call gets each fault", () => {
  expect(cases.map(describeCase)).toEqual([
    "POST /imagetransfers: refused",
    "POST /imagetransfers: done, its answer lost",
    "GET /vms/:vm/backups/:backup: refused",
    "GET /vms/:vm/backups/:backup: done, its answer lost",
    "POST /ovirt-engine/sso/oauth/token: refused",
    "POST /ovirt-engine/sso/oauth/token: done, its answer lost",
    "imageio's read: refused",
    "imageio's read: done, its answer lost",
  ]);
});

test("a fault is aimed at its VM or disk where the call names one, and hits the next call alone", () => {
  const match = (at: (typeof cases)[number]["at"]) =>
    toRule({ at, name: "", what: { kind: "drop", when: "after" } }, aim);
  expect(match(ofVm)).toMatchObject({ match: { call: "GET /vms/V/backups/:backup" }, which: { nth: 1 } });
  expect(match(read)).toMatchObject({ match: { imageio: "read", disk: "D" } });
  expect(match(ofAnybody)).toMatchObject({ match: { call: "POST /imagetransfers" } });
});

test("calls of the engine are those of attempts, log-ins are anybody's", () => {
  const ids = ["hf-7a1c0d9e-2f43-4c58-9b1e-0a6d4f3b2", "hf-controller", "hf-worker-7a1c", "mine"];
  const fitting = (at: FaultedCall) => {
    const match = toMatch(at, aim);
    const pattern = "call" in match ? match.correlationId : undefined;
    return pattern === undefined ? ids : ids.filter((id) => new RegExp(pattern).test(id));
  };
  expect(fitting(ofVm)).toEqual(ids.slice(0, 1));
  expect(fitting(ofAnybody)).toEqual(ids.slice(0, 1));
  expect(fitting(login)).toEqual(ids);
});

test("rounds hold every case once, faults of one VM apart from those of anybody, and a log-in alone", () => {
  const rounds = roundsOf(cases, 3);
  expect(rounds.map((round) => round.length)).toEqual([3, 1, 2, 1, 1]);
  expect(new Set(rounds.flat())).toEqual(new Set(cases));
  expect(rounds.slice(3).flat().every(hitsAll)).toBe(true);
});
