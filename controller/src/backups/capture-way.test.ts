import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it } from "vitest";
import { type CapturePolicy, defaultCapturePolicy } from "../capture/capture-policy.ts";
import { type CaptureWay, firstWay, nextWay } from "./capture-way.ts";

const policy = (change: Partial<CapturePolicy> = {}): CapturePolicy => ({ ...defaultCapturePolicy, ...change });
const api = (change: Partial<CaptureWay & { readonly via: "backup-api" }> = {}): CaptureWay => ({
  via: "backup-api",
  round: 1,
  legacy: false,
  requireConsistency: false,
  ...change,
});
const snapshot = (freezesGuest = false): CaptureWay => ({ via: "snapshot", freezesGuest });
const refusedBackup = (status: number, detail: string, call = "POST /vms/V/backups") =>
  new HoldfastError("ENGINE_FAULT", `${call}: refused`, { details: { status, call, detail } });

describe("the first way of an attempt", () => {
  it.each([
    ["hybrid", "none", 0, api()],
    ["hybrid", "required", 0, api()],
    ["live", "none", 0, api()],
    ["live", "preferred", 0, api({ requireConsistency: true })],
    ["live", "preferred", 1, api()],
    ["live", "required", 1, api({ requireConsistency: true })],
    ["cold", "required", 0, api()],
    ["snapshot", "preferred", 0, snapshot()],
    ["snapshot", "required", 0, snapshot(true)],
  ] as const)(
    "%s with consistency %s after %i failed captures is strict where it can be",
    (kind, consistency, failures, way) => {
      const vmStatus = kind === "cold" ? "down" : "up";
      const facts = { kind, vmStatus, failures, policy: policy({ consistency }) };
      expect(firstWay(facts)).toStrictEqual({ way, remarks: [] });
    },
  );

  it("freezes no guest of a VM that is down", () => {
    const facts = {
      kind: "snapshot",
      vmStatus: "down",
      failures: 0,
      policy: policy({ consistency: "required" }),
    } as const;
    expect(firstWay(facts).way).toStrictEqual(snapshot());
  });

  it("is a snapshot, with a warning, after two captures failed, unless the job insists on the backup API", () => {
    const facts = { kind: "hybrid", vmStatus: "up", failures: 2 } as const;
    expect(firstWay({ ...facts, policy: policy() })).toMatchObject({
      way: snapshot(),
      remarks: [{ level: "warning", code: "BACKUP_API_REFUSED" }],
    });
    expect(firstWay({ ...facts, policy: policy({ way: "backup-api", legacy: true }) })).toStrictEqual({
      way: api({ legacy: true }),
      remarks: [],
    });
  });
});

describe("the way after one that failed", () => {
  const unsupported = new HoldfastError("CAPTURE_NOT_SUPPORTED", "no bitmaps");
  const after = (way: CaptureWay, caught: unknown, wanted: Partial<CapturePolicy> = {}) =>
    nextWay(way, caught, { vmStatus: "up", policy: policy(wanted) });

  it.each([
    ["a level or host without such captures", unsupported],
    ["a refusal with other words", refusedBackup(409, "[Cannot backup VM. Something new.]")],
    ["a bad request", refusedBackup(400, "[Cannot backup VM. Something new.]")],
  ])("is a snapshot after %s, and the warning has the words", (_, caught) => {
    const next = after(api(), caught);
    expect(next).toMatchObject({ way: snapshot(), remarks: [{ level: "warning", code: "BACKUP_API_REFUSED" }] });
    expect(next?.remarks[0]?.message).toContain(caught.message);
    expect(after(api(), caught, { way: "backup-api" })).toBeUndefined();
    expect(after(api(), caught, { consistency: "required" })?.way).toStrictEqual(snapshot(true));
  });

  it.each([
    ["a VM that is busy", new HoldfastError("ENGINE_CONFLICT", "busy")],
    ["the manager's own VM", refusedBackup(409, "[Backup of Hosted Engine VM is not supported.]")],
    ["disks that are not plugged", refusedBackup(409, "[The following disks are not active on VM v: d]")],
    ["disks that are gone", refusedBackup(400, "[The following disks do not exist: d.]")],
    ["a failure of the engine", refusedBackup(500, "[Internal Engine Error]")],
    ["another call's refusal", refusedBackup(400, "[no]", "POST /imagetransfers")],
    ["a capture that failed on the host", new HoldfastError("CAPTURE_FAILED", "failed")],
    ["an engine that is away", new HoldfastError("ENGINE_UNREACHABLE", "away")],
    ["a guest that did not freeze, where that is required", new HoldfastError("CONSISTENCY_NOT_REACHED", "no")],
  ])("is none after %s", (_, caught) => {
    expect(after(api(), caught, { consistency: "required" })).toBeUndefined();
  });

  it("is the same once more without insisting on the guest, where that is only preferred", () => {
    const unfrozen = new HoldfastError("CONSISTENCY_NOT_REACHED", "no");
    expect(
      after(api({ requireConsistency: true, legacy: true }), unfrozen, { consistency: "preferred" }),
    ).toStrictEqual({
      way: api({ round: 2, legacy: true }),
      remarks: [],
    });
  });

  it("is none after a snapshot", () => {
    expect(after(snapshot(), unsupported)).toBeUndefined();
    expect(after(snapshot(true), new HoldfastError("CONSISTENCY_NOT_REACHED", "no"))).toBeUndefined();
  });
});
