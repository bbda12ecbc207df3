import type { ChunkSize } from "@holdfast/shared/format/chunk-size";

/** What one attempt may take of the process: its share of threads and of the one budget of bytes (R7). */
export interface LaneRoom {
  readonly lanes: number;
  /** Bytes that all buffers of one lane may take. */
  readonly laneBytes: number;
}

/** Requests that one lane works on at once: one is read while another is sent. */
export const requestsPerLane = 2;

const longestRun = 16;
const shortestRun = 1;

/** Each attempt gets the same share, so that a full agent stays within its budget. */
export const shareRoom = (budgetBytes: number, slots: number, lanes: number): LaneRoom => ({
  lanes,
  laneBytes: Math.floor(budgetBytes / (slots * lanes)),
});

/** What the number of lanes for one disk follows from. */
export interface LaneDemand {
  /** Lanes that the orders ask for; 0 for any. */
  readonly asked: number;
  /** Connections that the disk's ticket allows. */
  readonly connections: number;
  /** Requests that the disk will take. */
  readonly requests: number;
}

/** The lanes that work on one disk: a thread costs more to start than one or two requests take. */
export const lanesFor = (room: LaneRoom, { asked, connections, requests }: LaneDemand): number => {
  const wanted = asked === 0 ? room.lanes : Math.min(asked, room.lanes);
  return Math.max(1, Math.min(wanted, connections, Math.ceil(requests / requestsPerLane)));
};

/**
 * How many chunks a request to a lane may span. A third of the lane's bytes is left for what is encoded and on its way; what
 * remains holds one buffer for each request.
 */
export const chunksPerRun = ({ laneBytes }: LaneRoom, chunkSize: ChunkSize): number =>
  Math.max(shortestRun, Math.min(longestRun, Math.floor(laneBytes / (requestsPerLane + 1) / chunkSize)));
