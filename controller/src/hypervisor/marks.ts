import { type InstallationId, derivedUuid } from "@holdfast/shared/ids/ids";
import { toCorrelationId } from "./correlation.ts";

/** Whose something on an engine is: one attempt of one task of one installation. */
export interface Owner {
  readonly installationId: string;
  readonly taskId: string;
  /** From 1. */
  readonly attemptNumber: number;
  /** Random; tells two attempts of one number apart. */
  readonly attemptId: string;
}

/** Start of every description that an installation leaves on an engine. */
export const markPrefixOf = (installationId: InstallationId | string): string => `holdfast/${installationId}/`;

/** `holdfast/<installation>/<task>/<number>-<attempt id>`: tells without our state whose an object is (R6), and whom to fence. */
export const markOf = (owner: Owner): string =>
  `${markPrefixOf(owner.installationId)}${owner.taskId}/${owner.attemptNumber}-${owner.attemptId}`;

const markShape =
  /^holdfast\/(?<installation>[0-9A-Za-z_-]+)\/(?<task>[0-9a-z]{1,24})\/(?<number>[1-9]\d{0,8})-(?<attempt>[0-9a-z]+)$/;

/** Reads a mark back; undefined for any other description, also one that only begins like ours. */
export const parseMark = (description: string): Owner | undefined => {
  const groups = markShape.exec(description)?.groups;
  const installationId = groups?.["installation"];
  const taskId = groups?.["task"];
  const attemptId = groups?.["attempt"];
  const attemptNumber = Number(groups?.["number"]);
  if (installationId === undefined || taskId === undefined || attemptId === undefined) return undefined;
  return { installationId, taskId, attemptNumber, attemptId };
};

/** True when two owners are the same attempt. */
export const isSameOwner = (one: Owner, other: Owner): boolean => markOf(one) === markOf(other);

/** `hf-<task>-<n>`: correlation id of everything that attempt n of a task asks of an engine; n is 0 before its first attempt. */
export const correlationIdOf = (owner: Pick<Owner, "taskId" | "attemptNumber">): string =>
  toCorrelationId(`hf-${owner.taskId}-${owner.attemptNumber}`);

/** Id of an attempt's capture on the engine; a round after the first is another capture of the same attempt. */
export const captureIdOf = (owner: Owner, round = 1): string =>
  derivedUuid("capture", ...parts(owner), ...(round === 1 ? [] : [String(round)]));

/** Id of the disk that an attempt makes for one disk of a point. */
export const restoredDiskIdOf = (owner: Owner, pointDiskId: string): string =>
  derivedUuid("disk", ...parts(owner), pointDiskId);

const parts = (owner: Owner): readonly string[] => [
  owner.installationId,
  owner.taskId,
  String(owner.attemptNumber),
  owner.attemptId,
];
