import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";

const joinSchema = z.object({
  v: z.literal(1),
  /** Where the controller's API is dialled; tried in order. */
  controllers: z.array(z.string().min(1)).min(1).readonly(),
  /** SHA-256 of the authority's certificate, lower-case hexadecimal: the joiner believes nobody else. */
  caFingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** Names the invitation; not a secret. */
  inviteId: z.string().min(1),
  secret: z.string().min(1),
  role: z.enum(["agent", "repository"]),
});

/** An invitation to join an installation once, as the joiner needs it. The whole text is a secret until it was used (R12). */
export type JoinToken = z.output<typeof joinSchema>;

const prefix = "hfj1.";

/** `hfj1.<base64url of JSON>`. */
export const writeJoinToken = (token: JoinToken): string =>
  `${prefix}${Buffer.from(JSON.stringify(token)).toString("base64url")}`;

/** JOIN_REFUSED for a text that is no join token; the text itself stands in no error. */
export const parseJoinToken = (text: string): JoinToken => {
  try {
    const trimmed = text.trim();
    if (trimmed.startsWith(prefix))
      return joinSchema.parse(JSON.parse(Buffer.from(trimmed.slice(prefix.length), "base64url").toString("utf8")));
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof z.ZodError)) throw cause;
  }
  throw new HoldfastError("JOIN_REFUSED", "this is not a join token");
};
