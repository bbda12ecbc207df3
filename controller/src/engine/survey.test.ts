import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { beforeAll, expect, test } from "vitest";

import { surveyEngine } from "./calls/survey-calls.ts";
import { openOvirtEngine } from "./ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { type Said, startLocalEngine } from "./testing/local-engine.ts";

const never = new AbortController().signal;
let ca: TestCa;
let certificate: ServerCertificate;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
});

const backups = {
  backup: [
    { id: "b1", phase: "ready", description: "holdfast/inst/t/1-a" },
    { id: "b2", phase: "succeeded", description: "holdfast/inst/t/2-a", snapshot: { id: "s1" } },
    { id: "b3", phase: "ready", description: "someone else's" },
  ],
};
const snapshots = {
  snapshot: [{ id: "s0", snapshot_type: "active", snapshot_status: "ok", description: "Active VM" }],
};
const lists: Readonly<Record<string, unknown>> = {
  "/vms/v1/backups": backups,
  "/vms/v1/backups/b1/disks": { disk: [{ id: "d1" }] },
  "/vms/v1/checkpoints": {},
  "/vms/v1/snapshots": snapshots,
};
const plain = {
  id: "v1",
  name: "v",
  status: "up",
  description: "",
  disk_attachments: { disk_attachment: [{ id: "d1" }] },
};

const surveyOf = async (inlines: "inlines" | "ignores" | "refuses") => {
  await using engine = await startLocalEngine(certificate, ({ path }): Said => {
    const url = new URL(path, "https://x");
    const name = url.pathname.replace("/ovirt-engine/api", "");
    if (name !== "/vms") return { status: 200, json: lists[name] ?? {} };
    const wantsAll = url.searchParams.get("follow")?.includes("backups") === true;
    if (wantsAll && inlines === "refuses") return { status: 400, json: { reason: "r", detail: "[no such link]" } };
    const inlined = wantsAll && inlines === "inlines" ? { backups, checkpoints: {}, snapshots } : {};
    return { status: 200, json: { vm: [{ ...plain, ...inlined }] } };
  });
  const credentials = { username: "admin@internal", password: "p" };
  const options = { url: engine.url, credentials, apiAnchorPem: ca.cert };
  await using hypervisor = openOvirtEngine(options, { clock: systemClock, log: silentLogger });
  const survey = await hypervisor.survey({ markPrefix: "holdfast/inst/" }, never);
  return { survey, calls: hypervisor.calls().total };
};

test("an engine that inlines is surveyed in a call per page, and others give the same with calls per VM", async () => {
  const inlined = await surveyOf("inlines");
  expect(inlined.survey.vms[0]?.captures.map(({ id, vmId, diskIds }) => [id, vmId, diskIds])).toEqual([
    ["b1", "v1", ["d1"]],
    ["b2", "v1", []],
    ["b3", "v1", []],
  ]);
  expect(inlined.calls).toBe(5);
  const ignored = await surveyOf("ignores");
  expect(ignored.survey).toEqual(inlined.survey);
  expect(ignored.calls).toBe(8);
  const refused = await surveyOf("refuses");
  expect(refused.survey).toEqual(inlined.survey);
  expect(refused.calls).toBe(9);
});

/** A survey of one VM whose captures fail to be listed. */
const surveyThrough = (failure: Error) => {
  const deps = {
    client: { ask: () => Promise.resolve([{ id: "v1", name: "v", status: "up", description: "" }]) },
    captures: { listCaptures: () => Promise.reject(failure) },
    transfers: { listTransfers: () => Promise.resolve([]) },
    disks: { listDisksMarked: () => Promise.resolve([]) },
  };
  return surveyEngine(deps as unknown as Parameters<typeof surveyEngine>[0], { markPrefix: "holdfast/inst/" }, never);
};

test("a refusal is told of its VM; a bug of ours is thrown as it is, so that its stack is seen", async () => {
  const refusal = new HoldfastError("ENGINE_FAULT", "not now");
  expect((await surveyThrough(refusal)).vms).toMatchObject([{ vm: { id: "v1" }, unread: refusal }]);
  const bug = new TypeError("x is not a function");
  await expect(surveyThrough(bug)).rejects.toBe(bug);
});
