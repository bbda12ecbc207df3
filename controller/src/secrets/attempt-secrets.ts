import type { SecretBox } from "./secret-box.ts";

const contextOf = (attemptId: string): string => `attempt/${attemptId}`;
const isSealed = (text: string): boolean => /^v\d+\./.test(text);

/** Seals a text that an attempt keeps in the database: a VM's OVF and configuration may hold keys and passwords (R12). */
export const sealForAttempt = (secrets: SecretBox, attemptId: string, text: string): string =>
  text === "" ? "" : secrets.seal(text, contextOf(attemptId));

/** The text again; one that an earlier version kept as it was is taken as it is. SECRET_UNREADABLE. */
export const openOfAttempt = (secrets: SecretBox, attemptId: string, text: string): string =>
  isSealed(text) ? secrets.open(text, contextOf(attemptId)) : text;
