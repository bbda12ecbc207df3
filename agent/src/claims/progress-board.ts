import type { AttemptProgressSchema, DiskProgressSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";

/** What an attempt does at the moment. */
export type AttemptPhase = "preparing" | "reading" | "committing" | "writing";

/** Progress of one disk as it travels. */
export type DiskProgress = MessageInitShape<typeof DiskProgressSchema>;

/** Where the work writes down how far it is, for heartbeats to read. */
export class ProgressBoard {
  phase: AttemptPhase = "preparing";
  readonly #disks = new Map<string, () => DiskProgress>();

  /** Shows a disk from now on; `read` is called for each heartbeat. */
  show(diskId: string, read: () => DiskProgress): void {
    this.#disks.set(diskId, read);
  }

  /** Everything as it stands. */
  snapshot(): Pick<MessageInitShape<typeof AttemptProgressSchema>, "phase" | "disks"> {
    return { phase: this.phase, disks: [...this.#disks.values()].map((read) => read()) };
  }
}
