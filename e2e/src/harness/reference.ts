import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { expect } from "vitest";
import { findDifference } from "./compare-files.ts";
import { exportPoint } from "./export-point.ts";
import type { Lab } from "./lab.ts";
import { describeSession, present } from "./operator.ts";
import type { Story } from "./story.ts";

/** The frozen disks of one backup, as the lab copied them straight from QEMU. */
export interface Reference {
  readonly fileOf: (diskId: string) => string;
}

/** Lets the lab copy the disks of the VM's next backup at `ready`, into a folder of that name in the run's. */
export const copyNextBackup = async (story: Story, lab: Lab, vmId: string, name: string): Promise<Reference> => {
  const directory = join(story.run.dir, name);
  await mkdir(directory);
  await lab.control.copyAtReady(vmId, directory);
  return { fileOf: (diskId) => join(directory, `${diskId}.raw`) };
};

/** Restores one disk of a point to a new disk and compares it with its reference, byte by byte; answers the restore. */
export const expectRestoresTo = async (
  story: Story,
  lab: Lab,
  restored: { readonly pointId: string; readonly diskId: string },
  referenceFile: string,
): Promise<Session> => {
  const session = await story.operator.restoreDisk(restored.pointId, restored.diskId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const copyId = present(session.tasks[0]?.disks[0]).restoredDiskId;
  await expectDiskEquals(story, lab, copyId, referenceFile);
  return session;
};

/** Compares what a disk of a VM that is down, or a floating one, reads as with a file. */
export const expectDiskEquals = async (
  story: Story,
  lab: Lab,
  diskId: string,
  referenceFile: string,
): Promise<void> => {
  const file = join(await mkdtemp(join(story.run.dir, "copy-")), "disk.raw");
  await lab.control.copyDisk(diskId, file);
  expect(await findDifference(file, referenceFile)).toBeUndefined();
};

/** Reads a point from the bare folder of its repository and compares its disks with their references. */
export const expectPointHolds = async (
  story: Story,
  pointId: string,
  diskIds: readonly string[],
  reference: Reference,
): Promise<void> => {
  const directory = await mkdtemp(join(story.run.dir, "export-"));
  await exportPoint({ run: story.run, repositoryDir: story.installation.repositoryDir, pointId, directory });
  for (const diskId of diskIds) {
    expect(await findDifference(join(directory, `${diskId}.raw`), reference.fileOf(diskId))).toBeUndefined();
  }
};
