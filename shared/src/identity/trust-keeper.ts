import { HoldfastError } from "../errors/holdfast-error.ts";
import { readIfThere } from "../files/read-if-there.ts";
import { writeFileDurably } from "./durable-file.ts";
import { openTrustBundle, type TrustBundle } from "./trust-bundle.ts";
import { openTrustMemory } from "./trust-memory.ts";
import { inTurn } from "../lifecycle/in-turn.ts";

/** The newest trust bundle that a process has seen, kept over restarts: the highest number ever seen is never forgotten. */
export interface TrustKeeper {
  readonly current: TrustBundle;
  /** As it was signed, to show to others. */
  readonly signed: string;
  /**
   * Takes a bundle: kept when newer, ignored when the same, CONTROLLER_OUTDATED when lower than one that was seen: whoever shows it
   * was put back to an earlier state, in which something revoked was still believed.
   */
  accept(signed: string): Promise<void>;
  /**
   * As they were signed, the later first: bundles that say of keys what the present one leaves out. A key that was revoked stays so
   * here; a controller that was rebuilt from an older backup learns from these what it took back since.
   */
  readonly remembered: readonly string[];
  /** CONTROLLER_OUTDATED when somebody who answers for the installation knows less than we do. */
  assertNotOutdated(number: number): void;
  readonly isRevoked: (keyId: string) => boolean;
  /** Calls back after each newer bundle; the result takes the callback away. */
  readonly onChanged: (listener: (bundle: TrustBundle) => void) => () => void;
}

/** Opens the bundle in a file; PEER_UNTRUSTED when the authority did not sign it. `first` is written when there is no file. */
export const openTrustKeeper = async (path: string, caPem: string, first?: string): Promise<TrustKeeper> => {
  const stored = (await readIfThere(path))?.trim();
  if (stored === undefined && first === undefined)
    throw new HoldfastError("IDENTITY_MISSING", `there is no trust bundle at ${path}`, { details: { path } });
  let signed = stored ?? first ?? "";
  let current = openTrustBundle(signed, caPem);
  if (stored === undefined) await writeFileDurably(path, `${signed}\n`, 0o600);
  const memory = await openTrustMemory(path, caPem, current);
  const listeners = new Set<(bundle: TrustBundle) => void>();

  const assertNotOutdated = (number: number): void => {
    if (number >= current.number) return;
    throw new HoldfastError(
      "CONTROLLER_OUTDATED",
      `the controller knows revocations up to number ${number}, here number ${current.number} was seen`,
      { details: { shown: number, seen: current.number } },
    );
  };
  const take = async (text: string): Promise<void> => {
    const bundle = openTrustBundle(text, caPem);
    assertNotOutdated(bundle.number);
    if (bundle.number === current.number) return;
    // Before the bundle that may leave out what the former said.
    await memory.turnTo(bundle, signed);
    await writeFileDurably(path, `${text.trim()}\n`, 0o600);
    [signed, current] = [text.trim(), bundle];
    await memory.forget();
    for (const listener of listeners) listener(bundle);
  };
  // One after another: of two that come at once the lower must not be kept last.
  const next = inTurn();
  return {
    get current() {
      return current;
    },
    get signed() {
      return signed;
    },
    get remembered() {
      return memory.signed;
    },
    assertNotOutdated,
    isRevoked: (keyId) => memory.isRevoked(keyId),
    accept: (text) => next(() => take(text)),
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
