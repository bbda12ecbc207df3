import type { CertifiedKey } from "./certificates.ts";

/** Whom a process believes: its installation, and the authority that signs every certificate of it. */
export interface Trust {
  readonly installationId: string;
  /** PEM of the installation's certificate authority. */
  readonly caPem: string;
}

/**
 * Everything that proves who a process is, as plain data that may pass to a thread of it. The key is a secret: never logged, sent or
 * stored but in the identity folder (R12).
 */
export interface Identity extends Trust, CertifiedKey {}

/** The identity of a process as it is now; a renewal replaces it, and what listens takes the new one for its next connections. */
export interface IdentityHolder {
  readonly current: Identity;
  readonly replace: (identity: Identity) => void;
  /** Calls back after each replacement; the result takes the callback away. */
  readonly onReplaced: (listener: (identity: Identity) => void) => () => void;
}

/** Holds an identity. */
export const holdIdentity = (first: Identity): IdentityHolder => {
  const listeners = new Set<(identity: Identity) => void>();
  let current = first;
  return {
    get current() {
      return current;
    },
    replace: (identity) => {
      current = identity;
      for (const listener of listeners) listener(identity);
    },
    onReplaced: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
