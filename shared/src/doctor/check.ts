import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Check as CheckMessage, CheckSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { z } from "zod";
import { type CheckState, type Finding, checkStates } from "./finding.ts";

/** Who looked. */
export interface Examined {
  readonly role: "controller" | "agent" | "repository" | "cli";
  /** Which of them; empty for the CLI. */
  readonly name: string;
}

/** A finding with the process that made it. */
export type Check = MessageInitShape<typeof CheckSchema>;

/** The message of a finding. */
export const toCheck = ({ role, name }: Examined, { measured, ...finding }: Finding): Check => ({
  role,
  name,
  ...finding,
  ...(measured === undefined ? {} : { measured: measured.value, unit: measured.unit }),
});

const stateSchema = z.enum(checkStates);

/** The state in a message; a word that we do not know deserves a look. */
export const stateOf = ({ state }: Pick<CheckMessage, "state">): CheckState =>
  stateSchema.catch("warning").parse(state);

const mostText = 1_000;

/**
 * What another process says it found, as its examiner passes it on: who looked is what the examiner knows, not what the message says,
 * and no text is longer than an operator reads.
 */
export const takeCheck = (examined: Examined, told: CheckMessage): Check => {
  const short = (text: string): string => text.slice(0, mostText);
  return {
    ...examined,
    kind: short(told.kind),
    subject: short(told.subject),
    state: stateOf(told),
    message: short(told.message),
    advice: short(told.advice),
    unit: short(told.unit),
    ...(told.measured === undefined ? {} : { measured: told.measured }),
  };
};
