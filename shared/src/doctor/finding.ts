/** How something is: `skipped` was not looked at, or need not be right for this process. */
export const checkStates = ["ok", "warning", "error", "skipped"] as const;

/** How something is. */
export type CheckState = (typeof checkStates)[number];

/** What kind of thing was looked at; the words are stable, since scripts read them. */
export type CheckKind =
  | "answer"
  | "version"
  | "clock"
  | "space"
  | "name"
  | "connection"
  | "certificate"
  | "trust"
  | "bus"
  | "hello"
  | "manager"
  | "configuration"
  | "key";

/** A number that was measured. */
export interface Measured {
  readonly value: number;
  readonly unit: "ms" | "bytes" | "days";
}

/** One thing that a process looked at. */
export interface Finding {
  readonly kind: CheckKind;
  /** Which thing, in words: `host h1 of manager prod`. */
  readonly subject: string;
  readonly state: CheckState;
  /** What was found. */
  readonly message: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly advice: string;
  readonly measured: Measured | undefined;
}

type Parts = Pick<Finding, "kind" | "subject" | "message"> & Partial<Finding>;

/** A finding, all right unless the parts say otherwise. */
export const toFinding = ({ state = "ok", advice = "", measured, ...rest }: Parts): Finding => ({
  ...rest,
  state,
  advice: state === "ok" ? "" : advice,
  measured,
});
