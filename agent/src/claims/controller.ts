import type {
  Attempt,
  CloseDiskRequestSchema,
  EndedAttempt,
  HelloRequestSchema,
  HelloResponse,
  OpenDiskRequestSchema,
  OpenDiskResponse,
  OrdersResponse,
  ReportRequestSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { AttemptProgressSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";

/** A message without what every message of this agent says. */
export type Said<Message> = Omit<Message, "$typeName" | "$unknown" | "v" | "agentId" | "incarnation">;

/** What an agent asks of a controller; it never stands in the way of data. Unanswered requests fail with UNAVAILABLE or TIMEOUT. */
export interface Controller {
  /** I am here. */
  hello(self: Said<MessageInitShape<typeof HelloRequestSchema>>, signal: AbortSignal): Promise<HelloResponse>;
  /** A task for a free slot, if one waits for this agent. A repetition after a lost answer gives the same attempt (A1). */
  claim(freeSlots: number, signal: AbortSignal): Promise<Attempt | undefined>;
  orders(attemptId: string, signal: AbortSignal): Promise<OrdersResponse["orders"]>;
  /** The ticket of one disk, handed to this agent alone (A11). */
  openDisk(
    disk: Said<MessageInitShape<typeof OpenDiskRequestSchema>>,
    signal: AbortSignal,
  ): Promise<OpenDiskResponse["access"]>;
  closeDisk(disk: Said<MessageInitShape<typeof CloseDiskRequestSchema>>, signal: AbortSignal): Promise<void>;
  /** Keeps attempts alive; answers those that must end. */
  heartbeat(
    attempts: readonly MessageInitShape<typeof AttemptProgressSchema>[],
    signal: AbortSignal,
  ): Promise<readonly EndedAttempt[]>;
  report(end: Said<MessageInitShape<typeof ReportRequestSchema>>, signal: AbortSignal): Promise<void>;
}
