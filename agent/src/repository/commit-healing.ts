import type { DiskRange, HealedPoints } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { type CommitRequest, commitUpload } from "./open-upload.ts";
import type { RepositoryCalls } from "./repository-access.ts";

/** A commit that asks to heal again and again is given up. */
const mostHeals = 5;

/** What is committed, and how what the repository lost meanwhile is sent again. */
export interface HealedCommit extends Omit<CommitRequest, "manifest"> {
  readonly calls: RepositoryCalls;
  /** Made anew for each try. */
  readonly manifest: () => Uint8Array;
  readonly heal: (ranges: readonly DiskRange[]) => Promise<void>;
  readonly log: Logger;
}

/** A point that exists. */
export interface Committed {
  readonly pointId: string;
  readonly healed: HealedPoints | undefined;
}

/** Commits an upload, and sends what the repository finds missing until it does. */
export const commitHealing = async (
  { calls, uploadId, attempt, manifest, heal, log }: HealedCommit,
  signal: AbortSignal,
): Promise<Committed> => {
  for (let heals = 0; heals <= mostHeals; heals += 1) {
    const { result, healed } = await commitUpload(calls, { uploadId, attempt, manifest: manifest() }, signal);
    if (result.case === "committed") return { pointId: result.value.pointId, healed };
    if (result.case !== "heal")
      throw new HoldfastError("STREAM_REFUSED", "the repository answered a commit with nothing");
    log.warn("chunks that the point relies on are gone: they are sent again", { ranges: result.value.ranges.length });
    await heal(result.value.ranges);
  }
  throw new HoldfastError("CHUNK_MISSING", `the repository lost chunks ${mostHeals} times during one commit`);
};
