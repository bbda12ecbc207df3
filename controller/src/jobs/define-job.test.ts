import { describe, expect, it } from "vitest";
import type { AttachedDisk } from "../hypervisor/inventory.ts";
import { testVm } from "../testing/scripted-engine.ts";
import { type JobFacts, type JobWords, defineJob } from "./define-job.ts";

const disk = (id: string, alias: string): AttachedDisk => ({ id, alias }) as AttachedDisk;

const facts: JobFacts = {
  timeZone: "Europe/Berlin",
  findRepositoryId: (name) => (name === "main" ? "r1" : undefined),
  managers: [
    {
      managerId: "m1",
      managerName: "east",
      vms: [
        testVm("web", "c1", { disks: [disk("d1", "root"), disk("d2", "data")] }),
        testVm("db", "c1", { disks: [disk("d3", "root")] }),
      ],
    },
  ],
};

const words: JobWords = {
  name: " nightly ",
  vms: ["db", "web", "id-db"],
  excludedDisks: ["web:data", "d3"],
  repository: "main",
  dailyAt: "22:00",
  timeZone: "",
  keepDays: 7,
  codec: "",
  verifyAfter: true,
  activeFullOn: "last, sat",
  audit: "",
  auditBytesPerNight: 0n,
  sampleChunks: 0,
  capture: "",
  legacyCapture: false,
  consistency: "",
  description: "",
};

describe("a job's definition", () => {
  it("has every name turned to an id, VMs once and in order, and defaults filled in", () => {
    expect(defineJob(words, facts)).toStrictEqual({
      name: "nightly",
      description: "",
      vms: [
        { managerId: "m1", vmId: "id-db", vmName: "db" },
        { managerId: "m1", vmId: "id-web", vmName: "web" },
      ],
      excludedDisks: [
        { vmId: "id-web", diskId: "d2" },
        { vmId: "id-db", diskId: "d3" },
      ],
      repositoryId: "r1",
      dailyAt: "22:00",
      timeZone: "Europe/Berlin",
      keepDays: 7,
      codec: "zstd",
      verifyAfter: true,
      activeFullOn: "sat,last",
      auditDays: 90,
      auditBytesPerNight: 512 * 2 ** 30,
      sampleChunks: 0,
      capture: { way: "auto", legacy: false, consistency: "none" },
    });
  });

  it.each([
    [{ name: "  " }, "needs a name"],
    [{ name: "a/b" }, "needs a name"],
    [{ vms: [] }, "at least one VM"],
    [{ vms: ["nobody"] }, "no VM nobody"],
    [{ dailyAt: "25:00" }, "not a time of day"],
    [{ timeZone: "Mars/Base" }, "not a time zone"],
    [{ keepDays: 0 }, "kept for 1 to"],
    [{ codec: "gzip" }, "not a codec"],
    [{ activeFullOn: "sunday" }, "not a day: sunday"],
    [{ audit: "often" }, "not a period: often"],
    [{ sampleChunks: 10_001 }, "a sample is of 10000 chunks of each disk at most: 10001"],
    [{ capture: "magic" }, "not a way to capture: magic (auto, backup-api, snapshot)"],
    [{ consistency: "total" }, "not a wish about consistency: total (none, preferred, required)"],
    [{ capture: "snapshot", legacyCapture: true }, "no legacy form"],
    [{ repository: "other" }, "no repository other"],
    [{ excludedDisks: ["root"] }, "no VM of the job has a disk root"],
    [{ excludedDisks: ["mail:root"] }, "no VM of the job has a disk mail:root"],
  ])("is refused with %j", (change, message) => {
    expect(() => defineJob({ ...words, ...change }, facts)).toThrow(message);
  });

  it("is refused with fewer bytes a night than none", () => {
    expect(() => defineJob({ ...words, auditBytesPerNight: -1n }, facts)).toThrow("not a number of bytes: -1");
  });
});
