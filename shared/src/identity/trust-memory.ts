import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { writeFileDurably } from "./durable-file.ts";
import { openTrustBundle, type TrustBundle } from "./trust-bundle.ts";

/** Keys that are believed no more: those of the present bundle, and those of former ones that it leaves out. */
export interface TrustMemory {
  /** Former bundles that say of keys what the present one does not, as they were signed, the later first. */
  readonly signed: readonly string[];
  readonly isRevoked: (keyId: string) => boolean;
  /** Takes a later bundle in place of the one that was signed as `former`; what only that one says is durable when it resolves. */
  turnTo(bundle: TrustBundle, former: string): Promise<void>;
  /** Removes what is kept beside the bundle, once that one says it all. */
  forget(): Promise<void>;
}

const keptSchema = z.object({ v: z.literal(1), signed: z.array(z.string()) });

/** Opens what is remembered beside the bundle in a file, `trust.json` as `trust-remembered.json`. */
export const openTrustMemory = async (path: string, caPem: string, present: TrustBundle): Promise<TrustMemory> => {
  const keptPath = `${path.replace(/\.json$/, "")}-remembered.json`;
  const open = (text: string): TrustBundle => openTrustBundle(text, caPem);
  let signed = (await readKept(keptPath)).filter((text) => addsTo(present, open(text)));
  const keysNow = (bundle: TrustBundle): Set<string> => new Set([bundle, ...signed.map(open)].flatMap(keysOf));
  let revoked = keysNow(present);
  let isKept = signed.length > 0;
  return {
    get signed() {
      return signed;
    },
    isRevoked: (keyId) => revoked.has(keyId),
    turnTo: async (bundle, former) => {
      const kept = [former, ...signed].filter((text) => addsTo(bundle, open(text)));
      if (kept.length > 0) await writeFileDurably(keptPath, `${JSON.stringify({ v: 1, signed: kept })}\n`, 0o600);
      isKept ||= kept.length > 0;
      signed = kept;
      revoked = keysNow(bundle);
    },
    forget: async () => {
      if (!isKept || signed.length > 0) return;
      await rm(keptPath, { force: true });
      isKept = false;
    },
  };
};

const keysOf = ({ revoked }: TrustBundle): readonly string[] => revoked.map(({ keyId }) => keyId);

/** True when `other` revokes a key of which `bundle` says nothing. */
const addsTo = (bundle: TrustBundle, other: TrustBundle): boolean => {
  const known = new Set(keysOf(bundle));
  return keysOf(other).some((keyId) => !known.has(keyId));
};

const readKept = async (path: string): Promise<readonly string[]> => {
  try {
    return keptSchema.parse(JSON.parse(await readFile(path, "utf8"))).signed;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new HoldfastError("CONFIG_INVALID", `what was revoked before cannot be read: ${path}`, {
      details: { path },
      cause,
    });
  }
};
