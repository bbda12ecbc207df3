/** What several tasks put load on at once, and of which there is a limit. */
export interface LimitedThing {
  readonly kind: "host" | "domain" | "manager" | "repository";
  /** One meaning over all managers. */
  readonly id: string;
  readonly name: string;
}

/** Most tasks at once; 0 for no limit. */
export interface Limits {
  readonly perHost: number;
  readonly perDomain: number;
  readonly perManager: number;
  readonly perRepository: number;
}

/** Tasks on each thing. */
export type Load = ReadonlyMap<string, number>;

/** The load with one more task on each of these things. */
export const withTask = (load: Load, things: readonly LimitedThing[]): Load => {
  const more = new Map(load);
  for (const thing of things) more.set(keyOf(thing), tasksOn(load, thing) + 1);
  return more;
};

/** Those of the things that take no more tasks. */
export const fullThings = (limits: Limits, load: Load, things: readonly LimitedThing[]): readonly LimitedThing[] =>
  things.filter((thing) => mostOn(limits, thing) > 0 && tasksOn(load, thing) >= mostOn(limits, thing));

/** `host h1 has 2 of 2 tasks (limit per host)` */
export const fullWords = (limits: Limits, load: Load, thing: LimitedThing): string => {
  const noun = nouns[thing.kind];
  return `${noun} ${thing.name} has ${tasksOn(load, thing)} of ${mostOn(limits, thing)} tasks (limit per ${noun})`;
};

const nouns = {
  host: "host",
  domain: "storage domain",
  manager: "manager",
  repository: "repository",
} as const satisfies Record<LimitedThing["kind"], string>;

const limitOf = {
  host: "perHost",
  domain: "perDomain",
  manager: "perManager",
  repository: "perRepository",
} as const satisfies Record<LimitedThing["kind"], keyof Limits>;

const mostOn = (limits: Limits, { kind }: LimitedThing): number => limits[limitOf[kind]];

const tasksOn = (load: Load, thing: LimitedThing): number => load.get(keyOf(thing)) ?? 0;

const keyOf = ({ kind, id }: LimitedThing): string => `${kind}/${id}`;
