import { type Attempt, type AttemptInEpoch, noFacts, type TaskFacts } from "../store/task-facts.ts";

/** What is on disk: it survives every crash, except that the index may lose what it was told last. */
export interface Disk {
  /** The highest epoch; owner k of the model takes epoch k + 1. */
  readonly epoch: number;
  readonly facts: TaskFacts;
  readonly manifests: readonly AttemptInEpoch[];
  /** The one chunk of the model stands in a durable pack. */
  readonly packed: boolean;
  /** The index names the chunk. */
  readonly indexed: boolean;
}

/** How an upload came to know the chunk that its manifest needs. */
export type Upload = "none" | "open" | "pending" | "durable";

/** What an owner does in several steps; others act between them. */
export interface Doing {
  readonly kind: "open" | "fence" | "commit";
  /** Index of the attempt that a client named. */
  readonly attempt: number;
  readonly step: "write" | "list" | "mark" | "acknowledge";
}

/** One server process. A paused one is one to which nothing happens for a while. */
export interface Owner {
  readonly phase: "absent" | "takes-epoch" | "reads-facts" | "reads-manifests" | "lists" | "adopts" | "serves" | "gone";
  /** What it believes of the task: what it read at its start and what it did since. */
  readonly facts: TaskFacts;
  /** A manifest that it found at its start and that no one decided about yet. */
  readonly adopting: AttemptInEpoch | undefined;
  readonly openPack: boolean;
  /** By attempt. */
  readonly uploads: readonly Upload[];
  readonly doing: Doing | undefined;
}

/** What clients were told. */
export interface Told {
  /** The manifest whose commit was acknowledged, by its attempt and epoch. */
  readonly committed: AttemptInEpoch | undefined;
  /** The highest fence that was acknowledged without a point. */
  readonly fenced: number;
  /** An answer contradicted one that was given before. */
  readonly contradiction: string | undefined;
}

/** One state of the model, and its bounds: the attempts that clients make, and the owners that there may be. */
export interface World {
  readonly attempts: readonly Attempt[];
  readonly disk: Disk;
  readonly owners: readonly Owner[];
  readonly told: Told;
}

const absentOwner: Owner = {
  phase: "absent",
  facts: noFacts,
  adopting: undefined,
  openPack: false,
  uploads: [],
  doing: undefined,
};

/** An owner that stopped because it saw another's epoch: nothing of it matters any more. */
export const goneOwner: Owner = { ...absentOwner, phase: "gone" };

/** An empty repository, and `owners` servers that may start one after another. */
export const emptyWorld = (attempts: readonly Attempt[], owners: number): World => ({
  attempts,
  disk: { epoch: 0, facts: noFacts, manifests: [], packed: false, indexed: false },
  owners: Array.from({ length: owners }, () => ({ ...absentOwner, uploads: attempts.map(() => "none") })),
  told: { committed: undefined, fenced: 0, contradiction: undefined },
});

/** Equal for equal states; the attempts are the same in all. */
export const keyOfWorld = ({ disk, owners, told }: World): string =>
  [
    disk.epoch,
    Number(disk.packed),
    Number(disk.indexed),
    keyOfFacts(disk.facts),
    disk.manifests.map(keyOfAttempt).join(),
    told.committed ? keyOfAttempt(told.committed) : "",
    told.fenced,
    told.contradiction ?? "",
    ...owners.map(keyOfOwner),
  ].join("|");

const keyOfOwner = ({ phase, facts, adopting, openPack, uploads, doing }: Owner): string =>
  [
    phase,
    keyOfFacts(facts),
    adopting ? keyOfAttempt(adopting) : "",
    Number(openPack),
    uploads.map((upload) => upload.charAt(0)).join(""),
    doing ? `${doing.kind}${doing.attempt}${doing.step}` : "",
  ].join("/");

const keyOfFacts = ({ opened, fenced, committed }: TaskFacts): string =>
  [
    ...opened.map(keyOfAttempt),
    ...fenced.map(({ number, epoch }) => `${number}.${epoch}`),
    committed ? keyOfAttempt(committed) : "",
  ].join();

const keyOfAttempt = ({ number, attemptId, epoch }: Attempt & { readonly epoch?: number }): string =>
  `${number}${attemptId}${epoch ?? ""}`;
