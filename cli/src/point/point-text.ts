import type { Point } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { consistencyText } from "../output/consistency-text.ts";
import { factsText, tableText } from "../output/output.ts";
import { bytesText, ratioText, timeText } from "../output/units.ts";

/** One line a point. */
export const pointsTable = (points: readonly Point[]): string =>
  tableText(
    ["point", "vm", "taken", "health", "repository", "job", "size", "read", "packed", "modes", "stays"],
    points.map((point) => [
      point.pointId,
      point.vmName,
      timeText(point.capturedMs),
      point.health,
      point.repositoryName,
      jobText(point),
      bytesText(point.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0n)),
      bytesText(point.bytes?.readBytes ?? 0n),
      bytesText(point.bytes?.packedBytes ?? 0n),
      [...new Set(point.disks.map((disk) => disk.mode))].join(", "),
      staysText(point),
    ]),
  );

/** What keeps a point in its repository, or until when it can be brought back, in a few words. */
const staysText = (point: Point): string => {
  if (point.health === "gone") return "no";
  if (point.undeleteUntilMs !== 0n) return `can be brought back until ${timeText(point.undeleteUntilMs)}`;
  const words = point.protectedMs === 0n ? [] : ["protected"];
  if (point.immutableUntilMs !== 0n) words.push(`immutable until ${timeText(point.immutableUntilMs)}`);
  return words.join(", ");
};

/** A job that this controller does not have, of an adopted repository, is told as gone. */
const jobText = ({ jobName, jobIsGone }: Point): string =>
  jobIsGone ? `${jobName === "" ? "a job" : jobName} (gone)` : jobName;

const copyText = ({ originPointId, originRepositoryId, originRepositoryName }: Point): string | undefined =>
  originPointId === ""
    ? undefined
    : `point ${originPointId} of repository ${originRepositoryName === "" ? originRepositoryId : originRepositoryName}`;

/** All that is known of one point. */
export const pointText = (point: Point): string =>
  [
    factsText([
      ["point", point.pointId],
      ["VM", `${point.managerName}/${point.vmName} (${point.vmId})`],
      ["cluster", point.clusterName],
      ["repository", `${point.repositoryName} at ${point.repositoryAddress}`],
      ["job", point.jobName],
      ["session", point.sessionId],
      ["health", point.health],
      ["taken", timeText(point.capturedMs)],
      ["committed", timeText(point.committedMs)],
      ["capture", `${point.capture}, ${consistencyText(point.consistency)}`],
      ["base", point.basePointId === "" ? "none" : point.basePointId],
      ["copy of", copyText(point)],
      ["kept because", point.keptBecause.join("; ")],
      ...decidedFacts(point),
      ...bytesFacts(point),
    ]),
    "",
    tableText(
      ["disk", "alias", "size", "mode", "reason"],
      point.disks.map((disk) => [disk.diskId, disk.alias, bytesText(disk.sizeBytes), disk.mode, disk.reason]),
    ),
  ].join("\n");

const decidedFacts = (point: Point): readonly (readonly [string, string])[] => {
  const facts: [string, string][] = [];
  if (point.immutableUntilMs !== 0n) facts.push(["immutable until", timeText(point.immutableUntilMs)]);
  if (point.protectedMs !== 0n) facts.push(["protected since", withReason(point.protectedMs, point.protectedReason)]);
  if (point.removedMs === 0n) return facts;
  facts.push(["removed", withReason(point.removedMs, point.removedReason)]);
  if (point.undeleteUntilMs !== 0n) facts.push(["comes back until", timeText(point.undeleteUntilMs)]);
  return facts;
};

const withReason = (ms: bigint, reason: string): string =>
  reason === "" ? timeText(ms) : `${timeText(ms)}, ${reason}`;

const bytesFacts = (point: Point): readonly (readonly [string, string])[] => {
  const bytes = point.bytes;
  if (bytes === undefined) return [];
  return [
    ["planned", bytesText(bytes.plannedBytes)],
    ["  zero", bytesText(bytes.zeroBytes)],
    ["  unchanged", bytesText(bytes.unchangedBytes)],
    ["  deduplicated", bytesText(bytes.deduplicatedBytes)],
    [
      "  stored",
      `${bytesText(bytes.storedBytes)} in ${bytesText(bytes.packedBytes)} (${ratioText(bytes.storedBytes, bytes.packedBytes)})`,
    ],
    ["read", `${bytesText(bytes.readBytes)} and ${bytesText(bytes.sampledBytes)} as sample`],
    ["changed", `${bytesText(bytes.changedBytes)} by the engine's account`],
  ];
};
