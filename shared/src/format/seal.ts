import { createCipheriv, createDecipheriv } from "node:crypto";
import { hmacSha256 } from "./repository-keys.ts";

/** Random bytes of everything that is sealed: 16 make its key, 8 its initialization vector. */
export const sealNonceBytes = 24;
/** Bytes that sealing adds at the end. */
export const sealTagBytes = 16;

const keyPart = 16;
const vectorBytes = 12;

/** What a seal is made with, beside the bytes. */
export interface SealTerms {
  readonly key: Uint8Array;
  /** 24 bytes, fresh from the kernel for each seal. */
  readonly nonce: Uint8Array;
  /** What has to stay as it is, and is not hidden. */
  readonly associated: Uint8Array;
}

const parametersOf = ({ key, nonce }: SealTerms): { readonly key: Uint8Array; readonly vector: Uint8Array } => {
  const vector = new Uint8Array(vectorBytes);
  vector.set(nonce.subarray(keyPart, sealNonceBytes));
  return { key: hmacSha256(key, nonce.subarray(0, keyPart)), vector };
};

/** AES-256-GCM under a key of these bytes' own (repository-format.md §10.2): as many bytes, and the tag. */
export const sealBytes = (terms: SealTerms, plain: Uint8Array): Uint8Array => {
  const { key, vector } = parametersOf(terms);
  const cipher = createCipheriv("aes-256-gcm", key, vector, { authTagLength: sealTagBytes }).setAAD(terms.associated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** The plain bytes; undefined when the key, the associated bytes or anything sealed is not what it was. */
export const openSeal = (terms: SealTerms, sealed: Uint8Array): Uint8Array | undefined => {
  if (sealed.byteLength < sealTagBytes) return undefined;
  const { key, vector } = parametersOf(terms);
  const decipher = createDecipheriv("aes-256-gcm", key, vector, { authTagLength: sealTagBytes });
  decipher.setAAD(terms.associated).setAuthTag(sealed.subarray(-sealTagBytes));
  const plain = decipher.update(sealed.subarray(0, -sealTagBytes));
  try {
    // In this mode nothing is left for the end but the judgement.
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
};
