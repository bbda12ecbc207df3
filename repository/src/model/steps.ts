import {
  type Attempt,
  type AttemptInEpoch,
  isRetired,
  isSameAttempt,
  pointAmong,
  type TaskFacts,
} from "../store/task-facts.ts";
import type { Step } from "./explore.ts";
import type { Rules } from "./rules.ts";
import { type Disk, type Doing, goneOwner, type Owner, type Told, type Upload, type World } from "./world.ts";

/** What one step changes; the rest of the world stays. */
interface Change {
  readonly disk?: Partial<Disk>;
  readonly owner?: Partial<Owner>;
  readonly told?: Partial<Told>;
}

/** The place of a step: the world before it, and the owner that takes it. */
interface Scene {
  readonly world: World;
  readonly owner: Owner;
  readonly epoch: number;
  readonly rules: Rules;
}

type Outcome = readonly [event: string, change: Change];

/** Everything that can happen next: each owner starts, serves, goes on with what it does, or dies. */
export const stepsOf =
  (rules: Rules) =>
  (world: World): Step<World>[] =>
    world.owners.flatMap((owner, index) => {
      const scene = { world, owner, epoch: index + 1, rules };
      return outcomesOf(scene).map(([event, change]) => ({
        event: `owner ${index + 1}: ${event}`,
        state: apply(world, index, change),
      }));
    });

const apply = (world: World, index: number, { disk, owner, told }: Change): World => ({
  attempts: world.attempts,
  disk: disk ? { ...world.disk, ...disk } : world.disk,
  owners: world.owners.map((one, at) => (at === index && owner ? { ...one, ...owner } : one)),
  told: told ? { ...world.told, ...told } : world.told,
});

const outcomesOf = (scene: Scene): Outcome[] => {
  const { phase, doing } = scene.owner;
  if (phase === "gone") return [];
  if (phase === "absent") return start(scene);
  if (phase !== "serves") return [goOnStarting(scene)];
  if (doing) return [goOn(scene, doing), ...flush(scene)];
  return [...clientCalls(scene), ...flush(scene)];
};

/**
 * Owners start in turn. The former one may still run and know nothing of it, or have crashed: that is the same as doing
 * nothing any more, with its open pack lost, but for the index, which may have lost what it was told last.
 */
const start = ({ world, epoch, rules }: Scene): Outcome[] => {
  if (world.disk.epoch !== epoch - 1) return [];
  const owner: Partial<Owner> = rules.looksAfterTakingItsEpoch
    ? { phase: "reads-facts" }
    : { phase: "takes-epoch", ...found(world.disk.facts, world, rules) };
  const disk = { epoch: rules.looksAfterTakingItsEpoch ? epoch : world.disk.epoch };
  const starts: Outcome[] = [["starts", { disk, owner }]];
  if (world.disk.indexed)
    starts.push(["starts, the index has forgotten", { disk: { ...disk, indexed: false }, owner }]);
  return starts;
};

const goOnStarting = (scene: Scene): Outcome => {
  const { world, owner, epoch, rules } = scene;
  if (owner.phase === "takes-epoch") return ["takes its epoch", { disk: { epoch }, owner: { phase: "lists" } }];
  if (owner.phase === "reads-facts")
    return ["reads the facts", { owner: { facts: world.disk.facts, phase: "reads-manifests" } }];
  if (owner.phase === "reads-manifests")
    return ["reads the manifests", { owner: { ...found(owner.facts, world, rules), phase: "lists" } }];
  if (owner.phase === "lists") return lostOwnership(scene) ?? ["still owns it", { owner: { phase: "adopts" } }];
  const change = owner.adopting ? withCommitted(scene, owner.adopting) : {};
  const facts = change.owner?.facts ?? owner.facts;
  return ["serves", { ...change, owner: { facts, adopting: undefined, phase: "serves" } }];
};

/** What a starting owner makes of the manifests that it finds. */
const found = (facts: TaskFacts, { disk }: World, rules: Rules): Pick<Owner, "facts" | "adopting"> => {
  if (facts.committed || !rules.adoptsAtStart) return { facts, adopting: undefined };
  const adopting = rules.staleFactsDoNotCount
    ? pointAmong(facts, disk.manifests)
    : disk.manifests.find((manifest) => !isRetired(facts, manifest));
  return { facts, adopting };
};

const withCommitted = ({ world, owner }: Scene, manifest: AttemptInEpoch): Change => {
  const committed = world.disk.facts.committed ?? manifest;
  return { disk: { facts: { ...world.disk.facts, committed } }, owner: { facts: { ...owner.facts, committed } } };
};

const lostOwnership = ({ world, epoch, rules }: Scene): Outcome | undefined =>
  rules.listsEpochsBeforeAcknowledging && world.disk.epoch > epoch
    ? ["sees a higher epoch and stops", { owner: goneOwner }]
    : undefined;

/** The open pack is written, or its fsync fails and it is abandoned. */
const flush = ({ owner, rules }: Scene): Outcome[] => {
  if (!owner.openPack) return [];
  const written = owner.uploads.map((upload): Upload => (upload === "pending" ? "durable" : upload));
  const ended = owner.uploads.map((upload): Upload => (upload === "pending" ? "none" : upload));
  const kept = rules.uploadsEndWithTheirPack ? ended : written;
  return [
    ["makes its pack durable", { disk: { packed: true, indexed: true }, owner: { openPack: false, uploads: written } }],
    ["abandons its pack", { owner: { openPack: false, uploads: kept } }],
  ];
};

const clientCalls = (scene: Scene): Outcome[] =>
  scene.world.attempts.flatMap((attempt, index) => [
    ...askToOpen(scene, attempt, index),
    ...askToFence(scene, attempt, index),
    ...askToCommit(scene, attempt, index),
    ...put(scene, index),
  ]);

const askToOpen = (scene: Scene, attempt: Attempt, index: number): Outcome[] => {
  const { facts } = scene.owner;
  const { committed } = facts;
  if (committed && scene.rules.looksBeforeFencing) return [answersCommitted(scene, committed)];
  return isRetired(facts, attempt) ? [] : [begin("open", index, attempt)];
};

const askToFence = (scene: Scene, attempt: Attempt, index: number): Outcome[] => {
  const { committed } = scene.owner.facts;
  if (committed && scene.rules.looksBeforeFencing) return [answersCommitted(scene, committed)];
  return [begin("fence", index, attempt)];
};

const askToCommit = ({ owner, rules }: Scene, attempt: Attempt, index: number): Outcome[] => {
  const upload = owner.uploads[index];
  if (owner.facts.committed) return [];
  if (rules.fencesStopCommits && isRetired(owner.facts, attempt)) return [];
  const isReady = upload === "durable" || (upload === "pending" && !rules.commitWaitsForPacks);
  return isReady ? [begin("commit", index, attempt)] : [];
};

const begin = (kind: Doing["kind"], index: number, { number, attemptId }: Attempt): Outcome => [
  `is asked to ${kind} ${number}${attemptId}`,
  { owner: { doing: { kind, attempt: index, step: "write" } } },
];

/** Opens and fences answer the point of a committed task; that is a promise like the acknowledgement itself. */
const answersCommitted = (scene: Scene, by: AttemptInEpoch): Outcome =>
  lostOwnership(scene) ?? ["answers committed", { told: toldCommitted(scene, by) }];

const toldCommitted = ({ world }: Scene, committed: AttemptInEpoch): Partial<Told> => {
  const before = world.told.committed;
  const isSame = before === undefined || (isSameAttempt(before, committed) && before.epoch === committed.epoch);
  return isSame ? { committed } : { contradiction: "two points were told committed" };
};

const put = ({ world, owner, rules }: Scene, index: number): Outcome[] => {
  if (owner.uploads[index] !== "open") return [];
  const known: Upload = world.disk.indexed && !owner.openPack ? "durable" : "pending";
  const uploads = owner.uploads.with(index, known);
  if (known === "durable") return [["answers known", { owner: { uploads } }]];
  const disk = rules.indexNamesOnlyDurable ? {} : { indexed: true };
  return [["takes the chunk into its open pack", { disk, owner: { openPack: true, uploads } }]];
};

const goOn = (scene: Scene, doing: Doing): Outcome => {
  const attempt = attemptAt(scene.world, doing.attempt);
  if (doing.step === "list") {
    const step = doing.kind === "commit" ? "mark" : "acknowledge";
    return lostOwnership(scene) ?? ["still owns it", { owner: { doing: { ...doing, step } } }];
  }
  if (doing.step === "mark") return mark(scene, doing, attempt);
  const { disk, owner, told, event } = goOnWith[doing.kind][doing.step](scene, attempt);
  const next: Doing | undefined = doing.step === "write" ? { ...doing, step: "list" } : undefined;
  return [event, { ...(disk && { disk }), ...(told && { told }), owner: { ...owner, doing: next } }];
};

/** The committed object is created if absent: who finds another there lost, and says so. */
const mark = (scene: Scene, doing: Doing, attempt: Attempt): Outcome => {
  const { disk, owner } = withCommitted(scene, { ...attempt, epoch: scene.epoch });
  const isOurs = owner?.facts?.committed && isSameAttempt(owner.facts.committed, attempt);
  const next: Doing | undefined = isOurs ? { ...doing, step: "acknowledge" } : undefined;
  return ["writes the committed object", { ...(disk && { disk }), owner: { ...owner, doing: next } }];
};

type Part = (scene: Scene, attempt: Attempt) => Change & { readonly event: string };

const goOnWith: Record<Doing["kind"], Record<"write" | "acknowledge", Part>> = {
  open: {
    write: ({ world, owner, epoch, rules }, attempt) => {
      const opened = { ...attempt, epoch };
      return {
        event: "writes the opened object",
        disk: { facts: { ...world.disk.facts, opened: added(world.disk.facts.opened, opened, rules.factsOfOwnEpoch) } },
        owner: { facts: { ...owner.facts, opened: added(owner.facts.opened, opened, true) } },
      };
    },
    acknowledge: (scene, attempt) => ({
      event: "acknowledges the open",
      owner: {
        uploads: scene.owner.uploads.map((upload, index): Upload => {
          const other = attemptAt(scene.world, index);
          if (isSameAttempt(other, attempt)) return "open";
          return isRetired(scene.owner.facts, other) ? "none" : upload;
        }),
      },
    }),
  },
  fence: {
    write: ({ world, owner, epoch, rules }, { number }) => {
      const fence = { number, epoch };
      const fenced = added(world.disk.facts.fenced, fence, rules.factsOfOwnEpoch);
      return {
        event: "writes the fence",
        disk: rules.fenceIsDurable ? { facts: { ...world.disk.facts, fenced } } : {},
        owner: { facts: { ...owner.facts, fenced: added(owner.facts.fenced, fence, true) } },
      };
    },
    acknowledge: ({ world, owner, rules }, { number }) => ({
      event: `acknowledges the fence of ${number}`,
      owner: {
        uploads: owner.uploads.map((upload, index): Upload => {
          const isEnded = rules.fencesStopCommits && attemptAt(world, index).number <= number;
          return isEnded ? "none" : upload;
        }),
      },
      told: { fenced: Math.max(world.told.fenced, number) },
    }),
  },
  commit: {
    write: ({ world, epoch }, attempt) => ({
      event: "writes the manifest",
      disk: { manifests: [...world.disk.manifests, { ...attempt, epoch }].sort(byName) },
    }),
    acknowledge: (scene, attempt) => ({
      event: "acknowledges the commit",
      told: toldCommitted(scene, scene.owner.facts.committed ?? { ...attempt, epoch: scene.epoch }),
    }),
  },
};

const attemptAt = ({ attempts }: World, index: number): Attempt => {
  const attempt = attempts[index];
  if (!attempt) throw new RangeError(`the model has no attempt ${index}`);
  return attempt;
};

interface Fact {
  readonly number: number;
  readonly epoch: number;
  readonly attemptId?: string;
}

/**
 * The facts with one more. Of equal ones only that of the newest epoch matters, so the model keeps no other; when names
 * carry no epoch, the one that stands stays.
 */
const added = <F extends Fact>(facts: readonly F[], fact: F, isOwn: boolean): F[] => {
  const same = facts.find((other) => other.number === fact.number && other.attemptId === fact.attemptId);
  if (!same) return [...facts, fact].sort(byName);
  return facts.map((other) => (other === same && isOwn && fact.epoch > same.epoch ? fact : other));
};

const byName = (a: Fact, b: Fact): number =>
  a.number - b.number || (a.attemptId ?? "").localeCompare(b.attemptId ?? "") || a.epoch - b.epoch;
