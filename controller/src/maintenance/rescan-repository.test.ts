import { create } from "@bufbuild/protobuf";
import {
  PointHealth,
  type PointSummary,
  PointSummarySchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, it } from "vitest";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { OperationContext } from "./operation.ts";
import { rescanRepository } from "./rescan-repository.ts";

const point = (pointId: string, parts: Partial<PointSummary> = {}): PointSummary => ({
  ...create(PointSummarySchema, {
    pointId,
    vm: { engineInstanceId: "e", vmId: "vm-1" },
    vmName: "web",
    jobId: "j1",
    jobName: "nightly",
    installationId: "here",
    capturedMs: 1_000n,
    health: PointHealth.GOOD,
  }),
  ...parts,
});

const rescan = async (points: readonly PointSummary[], opens: (pointId: string) => void = () => undefined) => {
  const phases: string[] = [];
  const repository: Pick<RepositoryConnection, "listPoints" | "getPoint" | "listHurt"> = {
    listPoints: () => Promise.resolve(points),
    getPoint: (pointId) => Promise.resolve({ summary: point(pointId), manifest: Buffer.from(pointId) }),
    listHurt: async function* () {
      for (const one of points.filter(({ health }) => health === PointHealth.HURT))
        yield { $typeName: "holdfast.repository.v1.ListHurtResponse", point: one, verifiedMs: 0n, damaged: [] };
    },
  };
  const context = {
    repository: repository as RepositoryConnection,
    openManifest: (_, manifest) => Promise.resolve(opens(Buffer.from(manifest).toString())),
    names: { fill: (_, all) => Promise.resolve(all) },
    knownJobs: () => Promise.resolve(new Set(["j1"])),
    tell: ({ phase, done, total }) => {
      phases.push(`${phase} ${done}/${total}`);
    },
    signal: new AbortController().signal,
  } satisfies Partial<OperationContext>;
  const remarks = await rescanRepository(context as unknown as OperationContext);
  return { phases, told: remarks.map(({ level, code, message }) => `${level} ${code} ${message}`) };
};

it("counts points, VMs and copies of a repository that others filled, and names jobs that are not known here", async () => {
  const { phases, told } = await rescan([
    point("a"),
    point("b", { jobId: "j2", jobName: "weekly", installationId: "elsewhere", capturedMs: 2_000n }),
    point("c", { vm: create(PointSummarySchema, { vm: { engineInstanceId: "e", vmId: "vm-2" } }).vm, vmName: "" }),
    point("d", { originPointId: "x", originRepositoryId: "y" }),
    point("e", { removedMs: 5n }),
    point("f", { removedMs: 5n, isGone: true }),
  ]);
  expect(told).toEqual([
    "notice RESCANNED 4 points of 2 VMs, 1 of them copies; 1 more are removed and can be brought back",
    "notice INSTALLATIONS they were made by installations elsewhere, here",
    expect.stringContaining("notice VM_FOUND VM web: 4 points, 1970-01-01T00:00:01"),
    expect.stringContaining("notice VM_FOUND VM vm-2: 1 points"),
    "notice JOB_GONE job weekly is not known here: its 1 points go only by hand",
  ]);
  expect(phases.at(-1)).toBe("reading points 5/5");
});

it("names damage and what cannot be opened, and goes on", async () => {
  const { told } = await rescan([point("a"), point("b"), point("c", { health: PointHealth.HURT })], (pointId) => {
    if (pointId === "b") throw new HoldfastError("REPOSITORY_DAMAGED", "its manifest is torn");
  });
  expect(told.slice(2)).toEqual([
    "warning REPOSITORY_DAMAGED point b cannot be read: its manifest is torn",
    expect.stringContaining("warning POINT_HURT point c of VM web is hurt"),
  ]);
});

it("ends with a repository that goes away, to be done again as a whole", async () => {
  const opens = (): void => {
    throw new HoldfastError("REPOSITORY_UNREACHABLE", "it is away");
  };
  await expect(rescan([point("a")], opens)).rejects.toMatchObject({ code: "REPOSITORY_UNREACHABLE" });
});
