import type { CopyOrders } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { AttemptKey } from "../backup/backup-task.ts";
import type { ProgressBoard } from "../claims/progress-board.ts";
import type { LaneRoom } from "../lanes/lane-room.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** Everything that copying one point works with. */
export interface CopyTask {
  readonly attempt: AttemptKey;
  readonly orders: CopyOrders;
  readonly source: RepositoryAddress;
  readonly target: RepositoryAddress;
  readonly room: LaneRoom;
  readonly board: ProgressBoard;
  readonly clock: Clock;
  readonly log: Logger;
}
