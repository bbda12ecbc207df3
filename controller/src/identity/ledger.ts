import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readIfThere } from "@holdfast/shared/files/read-if-there";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { z } from "zod";
import { type Member, memberSchema } from "./member.ts";
import { inTurn } from "@holdfast/shared/lifecycle/in-turn";

const ledgerSchema = z.object({
  v: z.literal(1),
  members: z.array(memberSchema),
  /** Users of the bus that are believed no more: public NKey, with the second up to which their JWTs are void. */
  busRevoked: z.record(z.string(), z.int()),
});

/** What is kept of members beside the database. */
type LedgerContent = z.output<typeof ledgerSchema>;

/**
 * Members and what was taken from them, in a file of the identity folder: a database that is lost or put back must neither make
 * members strangers nor believe again who was revoked.
 */
export interface Ledger {
  readonly members: readonly Member[];
  readonly busRevoked: Readonly<Record<string, number>>;
  /** Writes a member, new or changed; durable when it resolves. */
  keep(member: Member): Promise<void>;
  /** Takes a user of the bus away, for ever; durable when it resolves. */
  revokeOnBus(publicKey: string, nowMs: number): Promise<void>;
}

/** Opens the ledger; an absent file is an empty one. */
export const openLedger = async (path: string): Promise<Ledger> => {
  let content = await readLedger(path);
  // One after another: each writes the whole file.
  const next = inTurn();
  const change = (edit: (content: LedgerContent) => LedgerContent): Promise<void> =>
    next(async () => {
      const edited = edit(content);
      await writeFileDurably(path, `${JSON.stringify(edited)}\n`, 0o600);
      content = edited;
    });
  return {
    get members() {
      return content.members;
    },
    get busRevoked() {
      return content.busRevoked;
    },
    keep: (member) =>
      change((old) => ({
        ...old,
        members: [...old.members.filter(({ role, id }) => role !== member.role || id !== member.id), member],
      })),
    // The second after this one: a JWT that was signed a moment ago is void too.
    revokeOnBus: (publicKey, nowMs) =>
      change((old) => ({
        ...old,
        busRevoked: { ...old.busRevoked, [publicKey]: Math.ceil(nowMs / 1_000) + 1 },
      })),
  };
};

const readLedger = async (path: string): Promise<LedgerContent> => {
  const text = await readIfThere(path);
  if (text === undefined) return { v: 1, members: [], busRevoked: {} };
  try {
    return ledgerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the list of members cannot be read: ${path}`, {
      details: { path },
      cause,
    });
  }
};
