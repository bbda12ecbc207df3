import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { expect } from "vitest";
import { describeSession } from "./operator.ts";

/** True when every VM of the session has its point, with a warning or without. */
export const isDone = ({ result }: Session): boolean => result === Result.SUCCESS || result === Result.WARNING;

/** The session got every point; a warning, such as that of a second attempt, is allowed. */
export const expectDone = (session: Session): void => {
  expect(isDone(session), describeSession(session)).toBe(true);
};

/** A session that did not succeed says why, by codes that are not those of bugs. */
export const expectCoded = (session: Session): void => {
  const errors = session.tasks.flatMap(({ remarks }) => remarks.filter(({ level }) => level === "error"));
  expect(errors, describeSession(session)).not.toHaveLength(0);
  for (const { code } of errors) expect(code, describeSession(session)).toMatch(/^(?!INTERNAL$)[A-Z_]+$/);
};
