import { createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { CertifiedKey } from "./certificates.ts";

const bundleSchema = z.object({
  v: z.literal(1),
  installationId: z.string(),
  /** Grows with every change and never falls: who has seen a higher one does not believe a lower. */
  number: z.int().nonnegative(),
  issuedMs: z.int(),
  /** Public keys (SPKI, base64) whose signatures make a task token. */
  tokenKeys: z.array(z.object({ id: z.string(), spki: z.string() })),
  /** Certificates that are believed no more, by the key that they carry. */
  revoked: z.array(z.object({ keyId: z.string(), name: z.string(), revokedMs: z.int() })),
});

/** What every process of an installation believes beside the authority itself. */
export type TrustBundle = z.output<typeof bundleSchema>;

const envelopeSchema = z.object({ v: z.int(), payload: z.string(), signature: z.string() });

const context = "holdfast trust bundle 1\n";

/** Signs a bundle with the installation's authority: one line of JSON. */
export const signTrustBundle = (authority: CertifiedKey, bundle: TrustBundle): string => {
  const payload = JSON.stringify(bundle);
  const signature = sign("sha256", Buffer.from(context + payload), createPrivateKey(authority.keyPem));
  return JSON.stringify({ v: 1, payload, signature: signature.toString("base64") });
};

/** The bundle in a signed text; PEER_UNTRUSTED unless this authority signed it, SCHEMA_TOO_NEW for a later form. */
export const openTrustBundle = (text: string, caPem: string): TrustBundle => {
  try {
    const { v, payload, signature } = envelopeSchema.parse(JSON.parse(text));
    if (v > 1) throw new HoldfastError("SCHEMA_TOO_NEW", `a trust bundle of version ${v}`);
    const key = new X509Certificate(caPem).publicKey;
    if (verify("sha256", Buffer.from(context + payload), key, Buffer.from(signature, "base64")))
      return bundleSchema.parse(JSON.parse(payload));
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("PEER_UNTRUSTED", "not a trust bundle", { cause });
  }
  throw new HoldfastError("PEER_UNTRUSTED", "a trust bundle that this installation's authority did not sign");
};
