import { createDecipheriv, createHmac, hkdfSync } from "node:crypto";

const tagBytes = 16;

/** HMAC-SHA-256 over the parts, one after another. */
export const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => {
  const code = createHmac("sha256", key);
  for (const part of parts) code.update(part);
  return code.digest();
};

/** §10: HKDF-SHA-256, empty salt, 32 bytes. */
export const hkdf = (secret: Uint8Array, info: string, more: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), Buffer.concat([Buffer.from(info, "ascii"), more]), 32));

/** The plain bytes of AES-256-GCM whose tag is at the end; throws unless everything is as it was sealed. */
export const openGcm = (key: Uint8Array, vector: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Buffer => {
  const decipher = createDecipheriv("aes-256-gcm", key, vector, { authTagLength: tagBytes });
  decipher.setAAD(associated).setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
};

/** The plain bytes of a seal (§10.2), by its nonce of 24 bytes. */
export const openSeal = (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Buffer =>
  openGcm(hmac(key, nonce.subarray(0, 16)), Buffer.concat([nonce.subarray(16, 24)], 12), associated, sealed);
