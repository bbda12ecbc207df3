import { defineStates } from "@holdfast/shared/states/transitions";

/**
 * What decides about packs, pure and for packs of any kind: the server's uploads and collector ask here, and so does the model
 * (`../model/collection-steps.ts`), which explores what comes of it with two owners, crashes and every order of steps.
 */

/** A set of packs that only has to be asked. */
export interface Packs<Pack> {
  has(pack: Pack): boolean;
}

/** Where a record was found when an upload asked for it. */
export interface Whereabouts<Pack> {
  /** The durable pack that the index names. */
  readonly indexed: Pack | undefined;
  /** A pack of ours that is not durable yet. */
  readonly pending: Pack | undefined;
}

/** What an upload is told of a record, and the pack that it uses from then on. */
export type Answer<Pack> =
  | { readonly state: "present" | "pending"; readonly pack: Pack }
  | { readonly state: "absent"; readonly pack?: undefined };

/** G6: an answer never names a condemned pack; whatever it names is noted in the same step. */
export const answerFor = <Pack>({ indexed, pending }: Whereabouts<Pack>, condemned: Packs<Pack>): Answer<Pack> => {
  if (indexed !== undefined && !condemned.has(indexed)) return { state: "present", pack: indexed };
  if (pending !== undefined && !condemned.has(pending)) return { state: "pending", pack: pending };
  return { state: "absent" };
};

/** G2: what a collection may condemn: durable and indexed when it begins, and not condemned before. */
export const candidatesOf = <Pack>(durable: readonly Pack[], condemned: Packs<Pack>): Pack[] =>
  durable.filter((pack) => !condemned.has(pack));

/** G6: of the packs that a collection wants, those that it gets; no upload uses them that is open or was since its beginning. */
export const condemnable = <Pack>(
  wanted: readonly Pack[],
  uses: Iterable<Packs<Pack>>,
): { readonly condemned: Pack[]; readonly spared: Pack[] } => {
  const used = [...uses];
  const isUsed = (pack: Pack): boolean => used.some((packs) => packs.has(pack));
  return { condemned: wanted.filter((pack) => !isUsed(pack)), spared: wanted.filter(isUsed) };
};

/** What a commit knows of itself. */
export interface CommitState {
  /** Its attempt was retired, or its upload ended. */
  readonly isOver: boolean;
  /** Packs that it depends on and that are not durable yet. */
  readonly unsettled: number;
  /** Places under its roots where there is nothing. */
  readonly holes: number;
}

/** C7, C5, C8: what a commit does next; a point is written only in the last case. */
export const nextOfCommit = ({ isOver, unsettled, holes }: CommitState): "refuse" | "settle" | "heal" | "write" => {
  if (isOver) return "refuse";
  if (unsettled > 0) return "settle";
  return holes > 0 ? "heal" : "write";
};

/**
 * The life of a collection. `condemned` is one step in memory, `planned` a durable object, `owned` says that the epochs were
 * listed after it: only then anything is removed. `removed` goes on to the next batch of copies.
 */
export const collectionStates = defineStates("collection", {
  idle: ["begun"],
  begun: ["walked", "idle"],
  walked: ["condemned", "copied", "idle"],
  copied: ["condemned", "idle"],
  condemned: ["planned", "idle"],
  planned: ["owned", "idle"],
  owned: ["removed", "idle"],
  removed: ["copied", "idle"],
});

export type CollectionState = (typeof collectionStates)["names"][number];
