import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session, SessionProgress, Task, TaskDisk } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { bytesText, spanText } from "../output/units.ts";
import { resultText } from "./session-text.ts";

/** True when a session will not change any more. */
export const isOver = (session: Session): boolean => session.result !== Result.UNSPECIFIED && session.endedMs !== 0n;

/** The live view: a line a VM, a bar a disk with bytes, rate and what is left. */
export const progressView = (session: Session, width: number): string =>
  [
    ...(hasVms(session) ? [] : [lineWithoutVms(session)]),
    ...session.tasks.flatMap((task) => [
      taskLine(task),
      ...task.disks.filter((disk) => disk.mode !== "skipped").map((disk) => diskLine(disk, session.kind)),
    ]),
  ]
    .map((line) => line.slice(0, Math.max(width - 1, 20)))
    .join("\n");

/** One line for logs and pipes: what changed since the last one, or undefined for nothing worth a line. */
export const plainLine = (session: Session): string => {
  if (!hasVms(session)) return lineWithoutVms(session);
  const done = session.tasks.filter((task) => task.result !== Result.UNSPECIFIED).length;
  const bytes = session.bytes;
  const moved = session.kind === "restore" ? (bytes?.writtenBytes ?? 0n) : handledBytes(bytes);
  const unit = session.kind === "repository-copy" ? "points" : "VMs";
  return `session ${session.sessionId} ${session.state}: ${done} of ${session.tasks.length} ${unit} done, ${bytesText(moved)} of ${bytesText(bytes?.plannedBytes ?? 0n)}, stored ${bytesText(bytes?.packedBytes ?? 0n)}`;
};

const hasVms = ({ kind }: Session): boolean => kind === "backup" || kind === "restore" || kind === "repository-copy";

/** Tests of workers and maintenance have no VMs: they tell how far they are, or what they did last. */
const lineWithoutVms = ({ sessionId, state, progress, remarks }: Session): string =>
  `session ${sessionId} ${state}: ${progress === undefined ? (remarks.at(-1)?.message ?? "begins") : farText(progress)}`;

const farText = ({ phase, done, total, unit }: SessionProgress): string => {
  if (unit === "") return phase;
  const amount = (count: bigint): string => (unit === "bytes" ? bytesText(count) : String(count));
  const of = total === 0n ? "" : ` of ${amount(total)}`;
  return `${phase}: ${amount(done)}${of}${unit === "bytes" ? "" : ` ${unit}`}`;
};

const taskLine = (task: Task): string => {
  const ended = task.result !== Result.UNSPECIFIED;
  const queue = task.queuePlace > 0 ? ` (place ${task.queuePlace} in the queue)` : "";
  const what = ended ? resultText(task.result) : `${task.doing === "" ? task.state : task.doing}${queue}`;
  return `${task.vmName}: ${what}${task.agentName === "" ? "" : ` on ${task.agentName}`}`;
};

const barWidth = 24;

const diskLine = (disk: TaskDisk, kind: string): string => {
  const planned = disk.bytes?.plannedBytes ?? 0n;
  const handled =
    kind === "restore" ? (disk.bytes?.writtenBytes ?? 0n) + (disk.bytes?.zeroBytes ?? 0n) : handledBytes(disk.bytes);
  const share = planned === 0n ? 0 : Math.min(1, Number(handled) / Number(planned));
  const bar = "#".repeat(Math.round(share * barWidth)).padEnd(barWidth, ".");
  const rate = disk.bytesPerSecond > 0n ? ` ${bytesText(disk.bytesPerSecond)}/s` : "";
  return `  ${disk.alias.padEnd(16)} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${bytesText(handled)} of ${bytesText(planned)}${rate}${etaText(disk, planned - handled)}  ${disk.mode} (${disk.reason})`;
};

const etaText = (disk: TaskDisk, left: bigint): string =>
  disk.bytesPerSecond > 0n && left > 0n ? ` ${spanText((left * 1000n) / disk.bytesPerSecond)} left` : "";

const handledBytes = (bytes: TaskDisk["bytes"]): bigint =>
  bytes === undefined ? 0n : bytes.zeroBytes + bytes.unchangedBytes + bytes.deduplicatedBytes + bytes.storedBytes;
