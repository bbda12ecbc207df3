import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Check as CheckMessage, ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type RandomBytes, randomName } from "@holdfast/shared/ids/ids";

/** What an agent is told to look at; the clock is added when it asks. */
export type Wanted = Omit<MessageInitShape<typeof ExaminationSchema>, "clockMs" | "$typeName">;

/** What an agent found. */
export interface FoundByAgent {
  readonly checks: readonly CheckMessage[];
  readonly trustNumber: number;
}

/** One part of it, as it arrives. */
export interface ArrivedPart extends FoundByAgent {
  readonly part: number;
  readonly isLast: boolean;
}

/** An examination that waits for its agent until it is disposed. */
export interface OpenExamination extends Disposable {
  readonly examineId: string;
  /** True once the agent asked what to look at. */
  readonly isBegun: () => boolean;
  /** Resolves when the agent told everything. */
  readonly found: Promise<FoundByAgent>;
}

interface Entry {
  readonly agentId: string;
  readonly wanted: Wanted;
  readonly parts: Map<number, ArrivedPart>;
  readonly resolve: (found: FoundByAgent) => void;
  isBegun: boolean;
}

/** An agent tells no more than this, whatever it is. */
const mostParts = 100;

/** Examinations of agents that are under way: in memory only, since who asked for one waits for it. */
export class ExaminationDesk {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #open = new Map<string, Entry>();

  constructor(deps: { readonly clock: Clock; readonly random: RandomBytes }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  /** Opens an examination of one agent. */
  open(agentId: string, wanted: Wanted): OpenExamination {
    const examineId = randomName(16, this.#random);
    const { promise: found, resolve } = Promise.withResolvers<FoundByAgent>();
    const entry: Entry = { agentId, wanted, resolve, parts: new Map(), isBegun: false };
    this.#open.set(examineId, entry);
    return {
      examineId,
      found,
      isBegun: () => entry.isBegun,
      [Symbol.dispose]: () => void this.#open.delete(examineId),
    };
  }

  /** What the agent is to look at; NOT_FOUND for an examination of another agent, or one that is over. */
  begin(agentId: string, examineId: string): MessageInitShape<typeof ExaminationSchema> {
    const entry = this.#get(agentId, examineId);
    entry.isBegun = true;
    return { ...entry.wanted, clockMs: BigInt(this.#clock.nowMs()) };
  }

  /** Takes a part; the same one may come again. */
  take(agentId: string, examineId: string, arrived: ArrivedPart): void {
    const { parts, resolve } = this.#get(agentId, examineId);
    if (arrived.part >= mostParts) throw new HoldfastError("INVALID_ARGUMENT", "an agent found too much");
    parts.set(arrived.part, arrived);
    const last = [...parts.values()].find(({ isLast }) => isLast);
    if (last === undefined || parts.size <= last.part) return;
    const inOrder = [...parts.values()].sort((left, right) => left.part - right.part);
    resolve({ checks: inOrder.flatMap(({ checks }) => checks), trustNumber: last.trustNumber });
  }

  #get(agentId: string, examineId: string): Entry {
    const entry = this.#open.get(examineId);
    if (entry !== undefined && entry.agentId === agentId) return entry;
    throw new HoldfastError("NOT_FOUND", `no examination ${examineId} waits for agent ${agentId}`);
  }
}
