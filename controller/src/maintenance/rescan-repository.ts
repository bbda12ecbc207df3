import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { Remark } from "../sessions/remark.ts";
import { hurtRemarks } from "./hurt-remarks.ts";
import type { Operation, OperationContext } from "./operation.ts";

const readsAtOnce = 8;
/** VMs, jobs and unreadable points that are named one by one. */
const mostNamed = 100;

/**
 * Reads all that a repository says of its points, whoever made them: what a controller has to know of them it knows from then on.
 * Nothing is written: the repository is the only truth about its points.
 */
export const rescanRepository: Operation = async (context) => {
  const { repository, signal } = context;
  context.tell({ phase: "listing points", done: 0, total: 0, unit: "" });
  const listed = (await repository.listPoints({ includeRemoved: true }, signal)).filter(({ isGone }) => !isGone);
  const unreadable = await readAll(context, listed);
  const points = await context.names.fill(repository, listed, signal);
  return [
    ...summaryOf(points),
    ...vmRemarks(points),
    ...(await jobRemarks(context, points)),
    ...unreadable,
    ...(await hurtRemarks(repository, signal)),
  ];
};

/** Reads every manifest, and names those that cannot be opened. */
const readAll = async (
  { repository, openManifest, tell, signal }: OperationContext,
  points: readonly PointSummary[],
): Promise<readonly Remark[]> => {
  let done = 0;
  const remarks = await mapBounded(
    points,
    readsAtOnce,
    async ({ pointId }, inner): Promise<readonly Remark[]> => {
      const found = await whyUnreadable(async () => {
        await openManifest(repository, (await repository.getPoint(pointId, inner)).manifest, inner);
      });
      done += 1;
      tell({ phase: "reading points", done, total: points.length, unit: "points" });
      return found === undefined ? [] : [warning(found.code, `point ${pointId} cannot be read: ${found.message}`)];
    },
    signal,
  );
  return named(remarks.flat(), "points cannot be read");
};

/** What passes by itself ends the session instead: the whole is done again. */
const whyUnreadable = async (read: () => Promise<void>): Promise<HoldfastError | undefined> => {
  try {
    await read();
    return undefined;
  } catch (caught) {
    const error = HoldfastError.from(caught);
    if (isOfThePoint.has(error.code)) return error;
    throw caught;
  }
};

const isOfThePoint: ReadonlySet<string> = new Set([
  "REPOSITORY_DAMAGED",
  "KEY_MISSING",
  "SCHEMA_TOO_NEW",
  "FEATURE_UNSUPPORTED",
  "POINT_NOT_FOUND",
]);

const summaryOf = (points: readonly PointSummary[]): readonly Remark[] => {
  const live = points.filter(({ removedMs }) => removedMs === 0n);
  const copies = live.filter(({ originPointId }) => originPointId !== "").length;
  const installations = new Set(points.map(({ installationId }) => installationId).filter((id) => id !== ""));
  const message = `${live.length} points of ${byVm(live).size} VMs, ${copies} of them copies; ${points.length - live.length} more are removed and can be brought back`;
  const makers = `they were made by installations ${[...installations].sort().join(", ")}`;
  return [notice("RESCANNED", message), ...(installations.size > 1 ? [notice("INSTALLATIONS", makers)] : [])];
};

const byVm = (points: readonly PointSummary[]): Map<string, PointSummary[]> =>
  Map.groupBy(points, ({ vm }) => `${vm?.engineInstanceId ?? ""}/${vm?.vmId ?? ""}`);

const vmRemarks = (points: readonly PointSummary[]): readonly Remark[] =>
  named(
    [...byVm(points).values()].map((ofVm) => {
      const [first, last] = [ofVm[0], ofVm.at(-1)];
      const name = last?.vmName === "" ? (last.vm?.vmId ?? "") : (last?.vmName ?? "");
      const from = toIso(Number(first?.capturedMs ?? 0n));
      return notice(
        "VM_FOUND",
        `VM ${name}: ${ofVm.length} points, ${from} to ${toIso(Number(last?.capturedMs ?? 0n))}`,
      );
    }),
    "VMs have points",
  );

/** Points of a job that is not known here stay until they are removed by hand. */
const jobRemarks = async (
  { knownJobs }: OperationContext,
  points: readonly PointSummary[],
): Promise<readonly Remark[]> => {
  const known = await knownJobs();
  const byJob = Map.groupBy(
    points.filter(({ jobId }) => jobId !== "" && !known.has(jobId)),
    ({ jobId }) => jobId,
  );
  return named(
    [...byJob].map(([jobId, ofJob]) =>
      notice(
        "JOB_GONE",
        `job ${ofJob.at(-1)?.jobName || jobId} is not known here: its ${ofJob.length} points go only by hand`,
      ),
    ),
    "jobs are not known here",
  );
};

const named = (remarks: readonly Remark[], what: string): readonly Remark[] => {
  const more = remarks.length - mostNamed;
  const [first] = remarks;
  if (more <= 0 || first === undefined) return remarks;
  return [...remarks.slice(0, mostNamed), { ...first, message: `${more} more ${what}` }];
};

const notice = (code: string, message: string): Remark => ({ level: "notice", code, message, diskId: "" });
const warning = (code: string, message: string): Remark => ({ level: "warning", code, message, diskId: "" });
