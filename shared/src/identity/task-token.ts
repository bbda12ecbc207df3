import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { TrustBundle } from "./trust-bundle.ts";

/**
 * What a task token may be used for. `lend`: read a disk through another agent · `export`: an operator takes a point out · `copy`: write
 * the copy of a point of another repository.
 */
export const taskOperations = ["backup", "restore", "lend", "export", "copy"] as const;

/** What a task token may be used for. */
export type TaskOperation = (typeof taskOperations)[number];

const claimsSchema = z.object({
  v: z.literal(1),
  installationId: z.string(),
  operation: z.enum(taskOperations),
  taskId: z.string(),
  attemptNumber: z.int().nonnegative(),
  attemptId: z.string(),
  engineInstanceId: z.string(),
  vmId: z.string(),
  repositoryId: z.string(),
  /** The one point that may be read: `restore` and `export`; the one that is copied: `copy`; empty otherwise. */
  pointId: z.string(),
  /** `copy`: the repository that the point came from; empty otherwise. */
  originRepositoryId: z.string().default(""),
  /** `lend`: the agent that serves the disk, and the disk; empty otherwise. */
  lenderId: z.string(),
  diskId: z.string(),
  /** The only certificate key that may show it (`keyIdOf`). */
  keyId: z.string(),
  issuedMs: z.int(),
  expiresMs: z.int(),
});

/** What a controller allows the holder of one key: an agent for one attempt, or with `export` an operator for one point. */
export type TaskClaims = z.output<typeof claimsSchema>;

/** Claims that name nothing: what each kind of token begins with. */
export const noClaims = {
  v: 1,
  taskId: "",
  attemptNumber: 0,
  attemptId: "",
  engineInstanceId: "",
  vmId: "",
  repositoryId: "",
  pointId: "",
  originRepositoryId: "",
  lenderId: "",
  diskId: "",
} as const satisfies Partial<TaskClaims>;

/** The header of a call that carries a task token. */
export const taskTokenHeader = "holdfast-task-token";

/** Tokens die by fencing; this is only the last stop: seven days. */
export const taskTokenLifeMs = 7 * 86_400_000;

/** How far the clocks of two machines may be apart before a token counts as expired (R11). */
const clockSlackMs = 86_400_000;

const prefix = "hft1";

/** The key that signs task tokens, with the id under which a trust bundle names it. */
export interface TokenSigner {
  readonly id: string;
  /** Ed25519, PKCS #8, PEM. */
  readonly keyPem: string;
}

/** `hft1.<key id>.<claims>.<signature>`, the last two base64url. A secret until the attempt is over: never logged (R12). */
export const signTaskToken = (signer: TokenSigner, claims: TaskClaims): string => {
  const payload = `${prefix}.${signer.id}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${payload}.${sign(null, Buffer.from(payload), createPrivateKey(signer.keyPem)).toString("base64url")}`;
};

/** Who shows a token, and what is believed. */
export interface TokenCheck {
  readonly trust: Pick<TrustBundle, "installationId" | "tokenKeys">;
  /** Key of the certificate that the caller showed. */
  readonly keyId: string;
  readonly nowMs: number;
}

/** The claims of a token; TOKEN_REFUSED when it is forged, of another installation, shown by another than it was given to, or expired. */
export const openTaskToken = (token: string, { trust, keyId, nowMs }: TokenCheck): TaskClaims => {
  const claims = verified(token, trust);
  if (claims.installationId !== trust.installationId) throw refused("it is of another installation");
  if (claims.keyId !== keyId) throw refused("it was given to another");
  if (nowMs > claims.expiresMs + clockSlackMs) throw refused("it has expired");
  return claims;
};

const verified = (token: string, { tokenKeys }: Pick<TrustBundle, "tokenKeys">): TaskClaims => {
  const [form, signerId, payload = "", signature = "", ...rest] = token.split(".");
  if (form !== prefix || rest.length > 0) throw refused("it is none");
  const key = tokenKeys.find(({ id }) => id === signerId);
  if (key === undefined) throw refused("nobody known signed it");
  const spki = createPublicKey({ key: Buffer.from(key.spki, "base64"), format: "der", type: "spki" });
  const signed = Buffer.from(`${form}.${signerId}.${payload}`);
  if (!verify(null, signed, spki, Buffer.from(signature, "base64url"))) throw refused("its signature is wrong");
  const parsed = claimsSchema.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
  if (!parsed.success) throw refused("its claims are not readable");
  return parsed.data;
};

/** Names nothing of the token itself. */
const refused = (why: string): HoldfastError => new HoldfastError("TOKEN_REFUSED", `the task token is refused: ${why}`);
