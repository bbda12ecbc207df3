import { answerFor, nextOfCommit } from "../collection/transitions.ts";
import {
  addToIndex,
  decide,
  factsOf,
  indexed,
  lost,
  type Outcome,
  pointOf,
  type Scene,
  setOf,
  uploadOf,
  withFence,
  withManifest,
  withOwner,
  withTask,
  withUpload,
} from "./collection-scene.ts";
import { type CollectionWorld, type ModelUpload, noUpload, type Pack, withPack } from "./collection-world.ts";

/** What uploads can make an owner do that serves. */
export const uploadSteps = (scene: Scene): Outcome[] => [
  ...flush(scene),
  ...scene.owner.uploads.flatMap((upload, writer) => [
    ...openOrAnswer(scene, upload, writer),
    ...ask(scene, upload, writer),
    ...check(scene, upload, writer),
    ...write(scene, upload, writer),
    ...acknowledge(scene, upload, writer),
    ...leave(scene, upload, writer),
    ...fence(scene, upload, writer),
  ]),
];

/** The open pack becomes durable and indexed, or is abandoned with whoever needs it. */
const flush = (scene: Scene): Outcome[] => {
  const { owner, world, rules } = scene;
  const { openPack } = owner;
  if (openPack === undefined) return [];
  const settled = owner.uploads.map((one) => (one.pending === openPack ? { ...one, pending: undefined } : one));
  const ended = settled.map((one, writer) =>
    owner.uploads[writer]?.pending === openPack && one.phase === "open" ? over(one) : one,
  );
  const index = indexed(scene, addToIndex(owner.index, openPack, rules));
  const packs = withPack(world.disk.packs, openPack);
  return [
    ["makes its pack durable", withOwner(scene, { openPack: undefined, uploads: settled, ...index }, { packs })],
    ["abandons its pack", withOwner(scene, { openPack: undefined, uploads: ended })],
  ];
};

/** What is left of an upload that ended. */
const over = ({ unknown }: ModelUpload): ModelUpload => ({ ...noUpload, unknown });

const openOrAnswer = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  if (upload.phase !== "none") return [];
  const answer = answerCommitted(scene, writer);
  if (answer) return [answer];
  if (factsOf(scene, writer).fenced.length > 0) return [];
  return [lost(scene) ?? [`opens an upload of task ${writer}`, withUpload(scene, writer, { phase: "open" })]];
};

/** A task that has a point is answered with it; nobody told is asked again. */
const answerCommitted = (scene: Scene, writer: number): Outcome | undefined => {
  const point = pointOf(scene, writer);
  if (!point) return undefined;
  return lost(scene) ?? [`answers that task ${writer} is committed`, told(decide(scene, writer, point), writer)];
};

const told = (world: CollectionWorld, task: number): CollectionWorld => ({
  ...world,
  committed: withTask(world.committed, task),
});

const ask = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  const { owner, rules, bounds, epoch } = scene;
  if (upload.phase !== "open" || upload.told) return [];
  const condemned = setOf(rules.condemnedIsAbsent ? owner.condemned : []);
  const answer = answerFor({ indexed: owner.index.row, pending: owner.openPack }, condemned);
  if (answer.state !== "absent") {
    const pending = answer.state === "pending" ? answer.pack : upload.pending;
    return [[`calls it ${answer.state} for task ${writer}`, knowing(scene, writer, answer.pack, { pending })]];
  }
  if (owner.packsMade >= bounds.packs) return [];
  const pack = `${epoch}${"xyz"[owner.packsMade] ?? ""}`;
  const filled = { ...scene, owner: { ...owner, openPack: pack, packsMade: owner.packsMade + 1 } };
  return [[`takes it into an open pack for task ${writer}`, knowing(filled, writer, pack, { pending: pack })]];
};

/** The upload was told; it uses the pack from this step on, and a collection under way sees that. */
const knowing = (scene: Scene, writer: number, pack: Pack, more: Partial<ModelUpload>): CollectionWorld => {
  const { owner, rules } = scene;
  const uses = withPack(uploadOf(scene, writer).uses, pack);
  const isWatching = owner.collection.state !== "idle" && rules.sparesWhatIsUsedSince;
  const watch = isWatching ? withPack(owner.collection.watch, pack) : owner.collection.watch;
  const { openPack, packsMade } = owner;
  const collection = { ...owner.collection, watch };
  return withUpload(scene, writer, { told: true, uses, ...more }, { openPack, packsMade, collection });
};

/** C4, C5, C7: settled, and everything under the root is there. */
const check = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  const { owner, rules } = scene;
  if (upload.phase !== "open" || !upload.told || factsOf(scene, writer).committed) return [];
  const pending = rules.commitWaitsForPacks ? undefined : owner.openPack;
  const found = answerFor({ indexed: owner.index.row, pending }, setOf(owner.condemned));
  const next = nextOfCommit({
    isOver: false,
    unsettled: upload.pending !== undefined && rules.commitWaitsForPacks ? 1 : 0,
    holes: found.state === "absent" ? 1 : 0,
  });
  if (next === "heal") return [[`asks task ${writer} to heal`, withUpload(scene, writer, { told: false })]];
  if (next !== "write" || found.pack === undefined) return [];
  return [[`finds everything of task ${writer}`, knowing(scene, writer, found.pack, { phase: "checked" })]];
};

/** A fence that the owner could read stops it; one of a later owner may come just after it looked. */
const write = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  const { rules, epoch } = scene;
  if (upload.phase !== "checked") return [];
  const isRetired = factsOf(scene, writer).fenced.some((one) => one.epoch <= epoch);
  if (isRetired && rules.fencesStopCommits)
    return [[`refuses to commit task ${writer}`, withUpload(scene, writer, over(upload))]];
  const unknown = rules.unknownCommitsHoldTheirUses ? upload.uses : [];
  const written = (change: ModelUpload): CollectionWorld => {
    const world = withUpload(scene, writer, change);
    return { ...world, disk: { ...world.disk, ...withManifest(scene, writer) } };
  };
  return [
    [`writes the point of task ${writer}`, written({ ...upload, phase: "written" })],
    [`writes the point of task ${writer}, and is told that it failed`, written({ ...noUpload, unknown })],
  ];
};

const acknowledge = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  if (upload.phase !== "written") return [];
  const ended = { ...scene, owner: { ...scene.owner, uploads: scene.owner.uploads.with(writer, over(upload)) } };
  const point = { number: 1, attemptId: "a", epoch: scene.epoch };
  const world = withOwner({ ...ended, world: decide(ended, writer, point) }, { uploads: ended.owner.uploads });
  return [lost(scene) ?? [`acknowledges the commit of task ${writer}`, told(world, writer)]];
};

/** The writer lets go of its stream; a commit under way goes on. */
const leave = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  if (upload.phase === "none" || upload.isOver) return [];
  return [[`loses the writer of task ${writer}`, withUpload(scene, writer, endOf(scene, upload))]];
};

const endOf = ({ rules }: Scene, upload: ModelUpload): Partial<ModelUpload> => {
  if (upload.phase === "open") return over(upload);
  return { isOver: true, uses: rules.commitsHoldTheirUses ? upload.uses : [] };
};

/** A5–A7: not in the middle of the last part of a commit. */
const fence = (scene: Scene, upload: ModelUpload, writer: number): Outcome[] => {
  if (upload.phase === "written" || scene.world.fenced.includes(writer) || factsOf(scene, writer).committed) return [];
  const answer = answerCommitted(scene, writer);
  if (answer) return [answer];
  const fenced = withFence(scene, writer);
  const written = { ...scene, world: { ...scene.world, disk: { ...scene.world.disk, ...fenced } } };
  const goesOn = upload.phase === "none" || upload.isOver || !scene.rules.fencesStopCommits;
  const ended = goesOn ? written.world : withUpload(written, writer, endOf(written, upload));
  const world = { ...ended, fenced: withTask(ended.fenced, writer) };
  return [lost(written) ?? [`acknowledges the fence of task ${writer}`, world]];
};
