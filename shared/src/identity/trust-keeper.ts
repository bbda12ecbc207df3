import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { writeFileDurably } from "./durable-file.ts";
import { openTrustBundle, type TrustBundle } from "./trust-bundle.ts";
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
  const stored = await readIfThere(path);
  if (stored === undefined && first === undefined)
    throw new HoldfastError("IDENTITY_MISSING", `there is no trust bundle at ${path}`, { details: { path } });
  let signed = stored ?? first ?? "";
  let current = openTrustBundle(signed, caPem);
  if (stored === undefined) await writeFileDurably(path, `${signed}\n`, 0o600);
  const keptPath = `${path.replace(/\.json$/, "")}-remembered.json`;
  let remembered = (await readRemembered(keptPath)).filter((text) => addsTo(current, openTrustBundle(text, caPem)));
  const revokedNow = (): Set<string> =>
    new Set([current, ...remembered.map((text) => openTrustBundle(text, caPem))].flatMap(keysOf));
  let revoked = revokedNow();
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
    const kept = [signed, ...remembered].filter((older) => addsTo(bundle, openTrustBundle(older, caPem)));
    // Before the bundle that leaves them out.
    if (kept.length > 0) await writeFileDurably(keptPath, `${JSON.stringify({ v: 1, signed: kept })}\n`, 0o600);
    await writeFileDurably(path, `${text.trim()}\n`, 0o600);
    if (kept.length === 0 && remembered.length > 0) await rm(keptPath, { force: true });
    [signed, current, remembered] = [text.trim(), bundle, kept];
    revoked = revokedNow();
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
      return remembered;
    },
    assertNotOutdated,
    isRevoked: (keyId) => revoked.has(keyId),
    accept: (text) => next(() => take(text)),
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

const keysOf = ({ revoked }: TrustBundle): readonly string[] => revoked.map(({ keyId }) => keyId);

/** True when `other` revokes a key of which `bundle` says nothing. */
const addsTo = (bundle: TrustBundle, other: TrustBundle): boolean => {
  const known = new Set(keysOf(bundle));
  return keysOf(other).some((keyId) => !known.has(keyId));
};

const rememberedSchema = z.object({ v: z.literal(1), signed: z.array(z.string()) });

const readRemembered = async (path: string): Promise<readonly string[]> => {
  const text = await readIfThere(path);
  return text === undefined ? [] : rememberedSchema.parse(JSON.parse(text)).signed;
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { cause });
  }
};
