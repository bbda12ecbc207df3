import { createHash, randomBytes } from "node:crypto";

declare const brand: unique symbol;
/** A string that only its parser or maker may produce. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One controller (or several on one database): stands in every name that we leave on an engine. */
export type InstallationId = Branded<"InstallationId">;
export type SessionId = Branded<"SessionId">;
/** One VM of a session; at most 24 of `[0-9a-z]`, since it stands in correlation ids of 36 characters. */
export type TaskId = Branded<"TaskId">;
/** The random id that tells two attempts of the same number apart (R5). */
export type AttemptId = Branded<"AttemptId">;
export type AgentId = Branded<"AgentId">;

/** Random bytes as a dependency; the default is the operating system's source. */
export type RandomBytes = (size: number) => Uint8Array;
export const systemRandom: RandomBytes = (size) => randomBytes(size);

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** `length` random characters of `[0-9a-z]`; bytes past the last multiple of 36 are thrown away, so all are equally likely. */
export const randomName = (length: number, random: RandomBytes = systemRandom): string => {
  let name = "";
  while (name.length < length) {
    for (const byte of random(length)) {
      if (byte < 252 && name.length < length) name += alphabet.charAt(byte % 36);
    }
  }
  return name;
};

/** A new task id: 20 random characters, about 103 bits. It is also the id of the point that the task makes. */
export const newTaskId = (random?: RandomBytes): TaskId => randomName(20, random) as TaskId;
export const newSessionId = (random?: RandomBytes): SessionId => randomName(12, random) as SessionId;
export const newAttemptId = (random?: RandomBytes): AttemptId => randomName(16, random) as AttemptId;

/** 20 characters of `[0-9a-z]` that the same parts always give: ids that a repeat must find again. */
export const derivedName = (length: number, ...parts: readonly string[]): string => {
  const digest = createHash("sha256")
    .update(parts.map((part) => `${part.length}:${part}`).join(""))
    .digest();
  let rest = BigInt(`0x${digest.toString("hex")}`);
  let name = "";
  for (; name.length < length; rest /= 36n) name += alphabet.charAt(Number(rest % 36n));
  return name;
};

/** The id of a scheduled session: the same job and nominal time always give the same, so it runs once. */
export const scheduledSessionId = (jobId: string, nominalIso: string): SessionId =>
  derivedName(12, "session", jobId, nominalIso) as SessionId;

/** The id of a VM's task in a session: derived, so that resolving the scope twice makes no second task. */
export const taskIdOf = (sessionId: SessionId, engineInstanceId: string, vmId: string): TaskId =>
  derivedName(20, "task", sessionId, engineInstanceId, vmId) as TaskId;

/**
 * A UUID (version 8, RFC 9562) that the same parts always give. Ids of ours on an engine are made with it (R6), so that a
 * repeated or late create collides with the first instead of doubling it.
 */
export const derivedUuid = (...parts: readonly string[]): string => {
  const digest = createHash("sha256")
    .update(parts.map((part) => `${part.length}:${part}`).join(""))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
};
