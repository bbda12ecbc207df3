import { Rights } from "../permits/rights.ts";
import type { Engine } from "../engine/engine.ts";

/** Outcome of one try to log in. */
export type LoginResult = "granted" | "wrong" | "locked" | "no profile" | "not permitted";

const passwordOf = (engine: Engine, login: string): string | undefined =>
  engine.config.users.find((user) => user.name === login)?.password;

/** True when so many wrong passwords came in a row that the account is locked, until the lab unlocks it. */
export const isLocked = (engine: Engine, login: string): boolean =>
  (engine.world.wrongPasswords.get(login) ?? 0) >= engine.config.lockAfter;

/** Tries a password; a wrong one is counted for good, so that tests can see how often a client tried. */
export const tryLogin = (engine: Engine, login: string, password: string): LoginResult => {
  const at = login.lastIndexOf("@");
  if (at <= 0 || at === login.length - 1) return "no profile";
  if (isLocked(engine, login)) return "locked";
  if (passwordOf(engine, login) === password) {
    engine.world.wrongPasswords.delete(login);
    engine.save();
    return new Rights(engine.world, login).mayLogIn() ? "granted" : "not permitted";
  }
  engine.world.wrongPasswords.set(login, (engine.world.wrongPasswords.get(login) ?? 0) + 1);
  engine.save();
  return "wrong";
};
