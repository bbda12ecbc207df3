import type { Clock } from "@holdfast/shared/clock/clock";
import type { RandomBytes } from "@holdfast/shared/ids/ids";

/** Tokens of single sign-on: they live as long as they are used, and die with the engine's process. */
export interface Tokens {
  issue(login: string): string;
  /** The login of a token, whose idle time starts anew; undefined when it is unknown, logged out or expired. */
  use(token: string): string | undefined;
  revoke(token: string): boolean;
  /** Forgets all tokens, as a restart of the engine does. */
  expireAll(): void;
  count(): number;
}

/** Opens an empty table of tokens. */
export const openTokens = (clock: Clock, random: RandomBytes, idleMs: number): Tokens => {
  const table = new Map<string, { readonly login: string; usedMs: number }>();
  return {
    issue: (login) => {
      const token = Buffer.from(random(48)).toString("base64url");
      table.set(token, { login, usedMs: clock.monotonicMs() });
      return token;
    },
    use: (token) => {
      const row = table.get(token);
      if (row === undefined) return undefined;
      if (clock.monotonicMs() - row.usedMs > idleMs) {
        table.delete(token);
        return undefined;
      }
      row.usedMs = clock.monotonicMs();
      return row.login;
    },
    revoke: (token) => table.delete(token),
    expireAll: () => {
      table.clear();
    },
    count: () => table.size,
  };
};
