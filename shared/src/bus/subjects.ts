import { derivedName } from "../ids/ids.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";

/** Everything that an agent asks of a controller or tells it; one subject each under its own name. */
export const agentVerbs = [
  "hello",
  "claim",
  "orders",
  "open-disk",
  "close-disk",
  "heartbeat",
  "report",
  "examine",
  "examined",
] as const;

/** One of the requests that an agent makes. */
export type AgentVerb = (typeof agentVerbs)[number];

/** One token for every agent: only a controller may subscribe with it. */
export const anyToken = "*";

const tokenForm = /^[A-Za-z0-9_-]{1,64}$/;

/** Requests of one agent, answered by a controller: `hf.v1.agent.<agent>.<verb>`. */
export const agentSubject = (agentId: string, verb: AgentVerb): string =>
  `hf.v1.agent.${token(agentId)}.${token(verb)}`;

/** The same verb of every agent, for the controller that serves it. */
export const anyAgentSubject = (verb: AgentVerb): string => `hf.v1.agent.${anyToken}.${token(verb)}`;

/** Messages to one agent: `hf.v1.to.<agent>`. */
export const toAgentSubject = (agentId: string): string => `hf.v1.to.${token(agentId)}`;

/**
 * Wake-ups of all agents of a cluster: `hf.v1.wake.<manager>.<cluster>`, both tokens derived from the names that operators use, since
 * an agent's permission to hear it is signed before its manager is known.
 */
export const wakeSubject = (managerName: string, clusterName: string): string =>
  `hf.v1.wake.${derivedName(16, "manager", managerName)}.${derivedName(16, "cluster", managerName, clusterName)}`;

/** The prefix of an agent's private inboxes: `_INBOX_<agent>`. */
export const inboxPrefix = (ownerId: string): string => `_INBOX_${token(ownerId)}`;

/** The agent that a request of `hf.v1.agent.<agent>.<verb>` came from: what the bus allowed it to publish, not what it says. */
export const agentOf = (subject: string): string => {
  const [, , kind, agentId] = subject.split(".");
  if (kind !== "agent" || agentId === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", `not a subject of an agent: ${subject}`);
  }
  return token(agentId);
};

const token = (text: string): string => {
  if (tokenForm.test(text)) return text;
  throw new HoldfastError("INVALID_ARGUMENT", `not usable in a subject: ${JSON.stringify(text)}`);
};
