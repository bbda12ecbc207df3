import {
  Algorithms,
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fromSeed,
  type KeyPair,
  type User,
} from "nats-jwt";
import type { BusKey } from "../identity/identity-folder.ts";
import { inboxPrefix, toAgentSubject, wakeSubject } from "./subjects.ts";

/** The seeds of an installation's bus: who signs accounts, who signs users, and the server's own account. All secrets (R12). */
export interface BusSeeds {
  readonly operator: string;
  readonly account: string;
  readonly systemAccount: string;
}

/** What nats-server is configured with: public, apart from being long. */
export interface BusAccounts {
  readonly operatorJwt: string;
  readonly accountId: string;
  readonly accountJwt: string;
  readonly systemAccountId: string;
  readonly systemAccountJwt: string;
}

const algorithm = { algorithm: Algorithms.v2 };

/** An account without these may hold no connection at all. No JetStream: the bus stores nothing. */
const limits = { subs: -1, data: -1, payload: -1, imports: 0, exports: 0, wildcards: false, conn: -1, leaf: 0 };

/** Makes the seeds of a new bus. */
export const makeBusSeeds = (): BusSeeds => ({
  operator: seedOf(createOperator() as KeyPair),
  account: seedOf(createAccount() as KeyPair),
  systemAccount: seedOf(createAccount() as KeyPair),
});

/** Users that are believed no more: public NKeys, with the second (since 1970) up to which their JWTs are void. */
export type BusRevocations = Readonly<Record<string, number>>;

/** Signs the accounts. The later of two account JWTs, by the second of its making, is the one that servers keep. */
export const signBusAccounts = async (seeds: BusSeeds, revocations: BusRevocations): Promise<BusAccounts> => {
  const [operator, account, system] = [keyOf(seeds.operator), keyOf(seeds.account), keyOf(seeds.systemAccount)];
  const systemAccountId = system.getPublicKey();
  return {
    operatorJwt: await encodeOperator("holdfast", operator, { system_account: systemAccountId }, algorithm),
    accountId: account.getPublicKey(),
    accountJwt: await encodeAccount(
      "holdfast",
      account,
      { limits, revocations: { ...revocations } },
      { ...algorithm, signer: operator },
    ),
    systemAccountId,
    systemAccountJwt: await encodeAccount("system", system, { limits }, { ...algorithm, signer: operator }),
  };
};

/** A new NKey of a user: the seed stays where it is made, the public key is certified. */
export const makeBusUser = (): { readonly seed: string; readonly publicKey: string } => {
  const user = createUser() as KeyPair;
  return { seed: seedOf(user), publicKey: user.getPublicKey() };
};

/** Who an agent is on the bus. */
export interface BusAgent {
  readonly agentId: string;
  readonly publicKey: string;
  /** Where it is deployed: it hears the wake-ups of that cluster. */
  readonly managerName: string;
  readonly clusterName: string;
}

/** Lets an agent ask under its own name, and hear what is meant for it: nothing else, and nothing of `$JS` or `$KV`. */
export const signAgentUser = (accountSeed: string, agent: BusAgent): Promise<string> =>
  signUser(accountSeed, agentUserName(agent.agentId), agent.publicKey, {
    pub: [`hf.v1.agent.${agent.agentId}.>`],
    sub: [
      toAgentSubject(agent.agentId),
      `${toAgentSubject(agent.agentId)}.>`,
      wakeSubject(agent.managerName, agent.clusterName),
      `${inboxPrefix(agent.agentId)}.>`,
    ],
  });

/** What an agent's user is called in its JWT: tells it from every other user of the account. */
export const agentUserName = (agentId: string): string => `agent ${agentId}`;

/** Lets a controller answer every agent and nudge it. */
export const makeControllerUser = async (accountSeed: string, ownerId: string): Promise<BusKey> => {
  const { seed, publicKey } = makeBusUser();
  const jwt = await signUser(accountSeed, ownerId, publicKey, {
    pub: ["hf.v1.>"],
    sub: ["hf.v1.agent.>", `${inboxPrefix(ownerId)}.>`],
    answers: true,
  });
  return { seed, jwt };
};

/** Lets a controller tell servers a new account JWT, in the servers' own account. */
export const makeSystemUser = async (systemAccountSeed: string, ownerId: string): Promise<BusKey> => {
  const { seed, publicKey } = makeBusUser();
  const jwt = await signUser(systemAccountSeed, `${ownerId} system`, publicKey, {
    pub: [claimsUpdateSubject],
    sub: [`${inboxPrefix(ownerId)}.>`],
  });
  return { seed, jwt };
};

/** Where servers take a new JWT of an account, in the system account. */
export const claimsUpdateSubject = "$SYS.REQ.CLAIMS.UPDATE";

interface Subjects {
  readonly pub: readonly string[];
  readonly sub: readonly string[];
  /** It may answer whoever asked it, once each, wherever the answer is to go. */
  readonly answers?: boolean;
}

/** How long an answer may take before the permission to give it is gone; nanoseconds. */
const answerWithinNs = 300_000_000_000;

const signUser = (accountSeed: string, name: string, publicKey: string, subjects: Subjects): Promise<string> => {
  const { pub, sub, answers = false } = subjects;
  const user: Partial<User> = {
    pub: { allow: [...pub], deny: [] },
    sub: { allow: [...sub], deny: [] },
    ...(answers ? { resp: { max: 1, ttl: answerWithinNs } } : {}),
  };
  return encodeUser(name, publicKey, keyOf(accountSeed), user, algorithm);
};

const keyOf = (seed: string): KeyPair => fromSeed(new TextEncoder().encode(seed)) as KeyPair;

const seedOf = (key: KeyPair): string => new TextDecoder().decode(key.getSeed());
