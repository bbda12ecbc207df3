import type { RestoreOrders } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { OpenDiskById } from "../disks/open-disk.ts";
import type { ProgressBoard } from "../claims/progress-board.ts";
import type { LaneRoom } from "../lanes/lane-room.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** Everything that a restore of one VM's disks works with. */
export interface RestoreTask {
  readonly orders: RestoreOrders;
  readonly repository: RepositoryAddress;
  readonly openDisk: OpenDiskById;
  readonly room: LaneRoom;
  readonly board: ProgressBoard;
  readonly clock: Clock;
  readonly log: Logger;
}
