/** Object names of docs/design/repository-format.md §1, made and taken apart in one place. */

/** A pack's identity: unique because an epoch has one owner, and an owner counts. */
export interface PackKey {
  readonly epoch: number;
  readonly sequence: number;
}

const hex8 = (number: number): string => number.toString(16).padStart(8, "0");

export const descriptorName = "descriptor";
export const epochsFolder = "epochs";
export const packsFolder = "packs";
export const pointsFolder = "points";
export const tasksFolder = "tasks";
export const keysFolder = "keys";
export const clockFolder = "clock";
/** File of the space reserve, on a directory only. */
export const reserveName = "reserve";
export const plansFolder = "plans";

export const epochName = (epoch: number): string => `${epochsFolder}/${hex8(epoch)}`;
export const planName = (number: number): string => `${plansFolder}/${hex8(number)}`;
export const keyListName = (number: number): string => `${keysFolder}/${hex8(number)}`;
export const pointFolder = (pointId: string): string => `${pointsFolder}/${pointId}`;
export const pointName = (pointId: string, { attempt, epoch }: AttemptPlace): string =>
  `${pointFolder(pointId)}/${hex8(attempt)}-${hex8(epoch)}.point`;
export const marksFolder = (pointId: string): string => `${pointFolder(pointId)}/marks`;
export const markName = (pointId: string, mark: number): string => `${marksFolder(pointId)}/${hex8(mark)}`;
export const taskFolder = (taskId: string): string => `${tasksFolder}/${taskId}`;
export const attemptName = (taskId: string, { attempt, epoch }: AttemptPlace, fact: AttemptFact): string =>
  `${taskFolder(taskId)}/${hex8(attempt)}-${hex8(epoch)}.${fact}`;
export const clockName = (number: number): string => `${clockFolder}/${hex8(number)}`;
export const committedName = (taskId: string): string => `${taskFolder(taskId)}/committed`;

/** An attempt's number and the epoch of the owner that writes of it: an owner never finds another's object under its name. */
export interface AttemptPlace {
  readonly attempt: number;
  readonly epoch: number;
}

/** What an object under `tasks/` says of an attempt. */
export type AttemptFact = "opened" | "fenced";

/** A pack's name; the middle part keeps folders at 4,096 packs. */
export const packName = (key: PackKey): string =>
  `${packsFolder}/${hex8(key.epoch)}/${hex8(key.sequence).slice(0, 5)}/${packText(key)}`;

/** The last part of a pack's name, by which plans name it. */
export const packText = ({ epoch, sequence }: PackKey): string => `${hex8(epoch)}${hex8(sequence)}`;

/** The key of a text of 16 hexadecimal digits that `packText` made. */
export const parsePackText = (text: string): PackKey => ({
  epoch: fromHex8(text.slice(0, 8)),
  sequence: fromHex8(text.slice(8)),
});

const fields = (pattern: RegExp, name: string): readonly string[] | undefined => pattern.exec(name)?.slice(1);

/** The key of a pack's name; undefined for other names. */
export const parsePackName = (name: string): PackKey | undefined => {
  const found = fields(/\/([0-9a-f]{8})([0-9a-f]{8})$/, name);
  if (found === undefined) return undefined;
  const key = { epoch: Number.parseInt(found[0] ?? "", 16), sequence: Number.parseInt(found[1] ?? "", 16) };
  return packName(key) === name ? key : undefined;
};

/** The number that ends `epochs/…`, `clock/…`, `plans/…` and `…/marks/…`; undefined for other names. */
export const parseNumberedName = (name: string): number | undefined => {
  const found = fields(/^(?:epochs|clock|plans|points\/[0-9a-z]{1,24}\/marks)\/([0-9a-f]{8})$/, name);
  return found === undefined ? undefined : Number.parseInt(found[0] ?? "", 16);
};

/** The number of `keys/…`; undefined for other names. */
export const parseKeyListName = (name: string): number | undefined => {
  const found = fields(/^keys\/([0-9a-f]{8})$/, name);
  return found === undefined ? undefined : fromHex8(found[0]);
};

/** What the name of a point's object says. */
export interface PointPlace extends AttemptPlace {
  readonly pointId: string;
}

/** Point, attempt and epoch of `points/<id>/<n>-<e>.point`; undefined for other names. */
export const parsePointName = (name: string): PointPlace | undefined => {
  const found = fields(/^points\/([0-9a-z]{1,24})\/([0-9a-f]{8})-([0-9a-f]{8})\.point$/, name);
  if (found === undefined) return undefined;
  return { pointId: found[0] ?? "", attempt: fromHex8(found[1]), epoch: fromHex8(found[2]) };
};

/** What the name of a fact about an attempt says. */
export interface FactPlace extends AttemptPlace {
  readonly taskId: string;
  readonly fact: AttemptFact;
}

/** Task, attempt, epoch and fact of `tasks/<id>/<n>-<e>.opened` or `.fenced`; undefined for other names. */
export const parseAttemptName = (name: string): FactPlace | undefined => {
  const found = fields(/^tasks\/([0-9a-z]{1,24})\/([0-9a-f]{8})-([0-9a-f]{8})\.(opened|fenced)$/, name);
  if (found === undefined) return undefined;
  const fact = found[3] === "opened" ? "opened" : "fenced";
  return { taskId: found[0] ?? "", attempt: fromHex8(found[1]), epoch: fromHex8(found[2]), fact };
};

/** Folder of what is known of damaged records. */
export const quarantineFolder = "quarantine";
/** Folder of what is known of packs that were read back. */
export const verifiedFolder = "verified";

/** The key of 16 digits; undefined for other text. */
const parsePackDigits = (digits: string): PackKey | undefined => {
  const found = fields(/^([0-9a-f]{8})([0-9a-f]{8})$/, digits);
  return found && { epoch: fromHex8(found[0]), sequence: fromHex8(found[1]) };
};

/** Where a record lies. */
export interface RecordPlace extends PackKey {
  readonly offset: number;
}

export const quarantineName = (place: RecordPlace): string =>
  `${quarantineFolder}/${packText(place)}/${hex8(place.offset)}`;

/** Pack and offset of `quarantine/<pack>/<offset>`; undefined for other names. */
export const parseQuarantineName = (name: string): RecordPlace | undefined => {
  const found = fields(/^quarantine\/([0-9a-f]{16})\/([0-9a-f]{8})$/, name);
  const pack = parsePackDigits(found?.[0] ?? "");
  return pack && { ...pack, offset: fromHex8(found?.[1]) };
};

/** Objects of verification state are numbered within the epoch that wrote them. */
export const verifiedName = (key: PackKey): string => `${verifiedFolder}/${packText(key)}`;

/** Epoch and number of `verified/…`; undefined for other names. */
export const parseVerifiedName = (name: string): PackKey | undefined =>
  name.startsWith(`${verifiedFolder}/`) ? parsePackDigits(name.slice(verifiedFolder.length + 1)) : undefined;

const fromHex8 = (digits: string | undefined): number => Number.parseInt(digits ?? "", 16);

/** The epoch in which an object of that name is written; undefined for names that carry none. */
export const epochOfName = (name: string): number | undefined =>
  (parsePackName(name) ?? parsePointName(name) ?? parseAttemptName(name))?.epoch;
