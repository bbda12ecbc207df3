import { type Remark, Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session, Task, TaskDisk } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { consistencyText } from "../output/consistency-text.ts";
import { factsText, tableText } from "../output/output.ts";
import { bytesText, spanText, timeText } from "../output/units.ts";

/** A result in one word; a dash while there is none. */
export const resultText = (result: Result): string => {
  switch (result) {
    case Result.SUCCESS:
      return "success";
    case Result.WARNING:
      return "warning";
    case Result.FAILED:
      return "failed";
    case Result.CANCELLED:
      return "cancelled";
    case Result.UNSPECIFIED:
      return "-";
    default:
      return `unknown (${String(result)})`;
  }
};

/** One line a session. */
export const sessionsTable = (sessions: readonly Session[]): string =>
  tableText(
    ["session", "kind", "job", "state", "result", "started", "took", "read", "stored"],
    sessions.map((one) => [
      one.sessionId,
      one.kind,
      one.jobName,
      one.state,
      resultText(one.result),
      timeText(one.startedMs),
      tookText(one),
      bytesText(one.bytes?.readBytes ?? 0n),
      bytesText(one.bytes?.packedBytes ?? 0n),
    ]),
  );

/** A session with its tasks, disks and remarks. */
export const sessionText = (one: Session): string =>
  [
    factsText([
      ["session", one.sessionId],
      ["kind", one.kind],
      ["job", one.jobName],
      ["state", one.state],
      ["result", resultText(one.result)],
      ["trigger", one.trigger],
      ["started", timeText(one.startedMs)],
      ["ended", timeText(one.endedMs)],
      ["took", tookText(one)],
    ]),
    ...one.remarks.map(remarkText),
    ...one.tasks.map((task) => `\n${taskText(task)}`),
  ].join("\n");

/** `warning TRACKING_LIED: words` */
export const remarkText = (remark: Remark): string => `${remark.level} ${remark.code}: ${remark.message}`;

const taskText = (task: Task): string =>
  [
    factsText([
      ["VM", `${task.managerName}/${task.vmName}`],
      ["state", task.doing === "" ? task.state : `${task.state}: ${task.doing}`],
      ["result", resultText(task.result)],
      ["queue", task.queuePlace === 0 ? undefined : `place ${task.queuePlace}`],
      ["agent", task.agentName],
      ["placement", task.placement],
      ["capture", captureText(task)],
      ["base", task.basePointId],
      ["point", task.pointId],
      ["restored as", task.restoredVmName === "" ? undefined : `${task.restoredVmName} (${task.restoredVmId})`],
    ]),
    ...(task.disks.length === 0 ? [] : [disksTable(task.disks)]),
    ...task.disks.filter(({ routeReason }) => routeReason !== "").map(routeText),
    ...task.attempts
      .filter((attempt) => attempt.code !== "")
      .map(
        (attempt) =>
          `attempt ${attempt.number} on ${attempt.agentName} ${attempt.state}: ${attempt.message} (${attempt.code})`,
      ),
    ...task.remarks.map(remarkText),
  ].join("\n");

/** `hybrid, filesystem-consistent`; what was reached shows once the disks are frozen. */
const captureText = ({ capture, consistency }: Task): string =>
  consistency === "" ? capture : `${capture}, ${consistencyText(consistency)}`;

const disksTable = (disks: readonly TaskDisk[]): string =>
  tableText(
    ["  disk", "size", "mode", "reason", "route", "changed", "read", "zero", "unchanged", "dedup", "stored", "packed"],
    disks.map((disk) => [
      `  ${disk.alias === "" ? disk.diskId : disk.alias}`,
      bytesText(disk.sizeBytes),
      disk.mode,
      disk.reason,
      disk.route,
      ...[
        disk.bytes?.changedBytes,
        disk.bytes?.readBytes,
        disk.bytes?.zeroBytes,
        disk.bytes?.unchangedBytes,
        disk.bytes?.deduplicatedBytes,
        disk.bytes?.storedBytes,
        disk.bytes?.packedBytes,
      ].map((bytes) => bytesText(bytes ?? 0n)),
    ]),
  );

/** Why a disk came by no better way. */
const routeText = ({ alias, diskId, route, routeReason }: TaskDisk): string =>
  `  ${alias === "" ? diskId : alias} by ${route}, not by ${routeReason}`;

const tookText = (one: Session): string =>
  one.endedMs === 0n || one.startedMs === 0n ? "-" : spanText(one.endedMs - one.startedMs);
