import type { BackupOrders } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { ProgressBoard } from "../claims/progress-board.ts";
import type { LaneRoom } from "../lanes/lane-room.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";
import type { OpenDiskById } from "../disks/open-disk.ts";
import type { Remark } from "./remark.ts";

/** One try of a task, as the repository knows it (R5). */
export interface AttemptKey {
  readonly taskId: string;
  readonly number: number;
  readonly attemptId: string;
}

/** Everything that a backup of one VM works with. */
export interface BackupTask {
  readonly attempt: AttemptKey;
  readonly orders: BackupOrders;
  readonly repository: RepositoryAddress;
  readonly openDisk: OpenDiskById;
  readonly room: LaneRoom;
  readonly board: ProgressBoard;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** A backup that committed. */
export interface BackupEnd {
  readonly pointId: string;
  readonly remarks: readonly Remark[];
}
