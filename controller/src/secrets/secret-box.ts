import { createCipheriv, createDecipheriv } from "node:crypto";

import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";

/** Seals passwords for the database (R12). */
export interface SecretBox {
  /** `context` names what the secret belongs to, such as `manager/<id>`: it opens nowhere else. */
  seal(secret: string, context: string): string;
  /** The secret; SECRET_UNREADABLE when the key or the context is another, or the text was changed. */
  open(sealed: string, context: string): string;
}

/** Length of the key in bytes: AES-256. */
export const secretKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const version = "v1";

/** A box of one key: `v1.<nonce, ciphertext and tag in base64url>`, AES-256-GCM with a random nonce each time. */
export const createSecretBox = (key: Uint8Array, random: RandomBytes = systemRandom): SecretBox => {
  if (key.length !== secretKeyBytes)
    throw new HoldfastError("CONFIG_INVALID", `the secret key must have ${secretKeyBytes} bytes`);

  const seal = (secret: string, context: string): string => {
    const nonce = random(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(toContext(context));
    const sealed = [nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()];
    return `${version}.${Buffer.concat(sealed).toString("base64url")}`;
  };

  const open = (sealed: string, context: string): string => {
    const [itsVersion, text = "", ...rest] = sealed.split(".");
    if (itsVersion !== version && /^v\d+$/.test(itsVersion ?? "")) {
      throw new HoldfastError("SCHEMA_TOO_NEW", `a secret of ${context} was sealed as ${itsVersion ?? ""}`);
    }
    const bytes = Buffer.from(text, "base64url");
    if (itsVersion !== version || rest.length > 0 || bytes.length < nonceBytes + tagBytes) throw unreadable(context);
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes)).setAAD(toContext(context));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString("utf8");
    } catch (caught) {
      throw unreadable(context, caught);
    }
  };

  return { seal, open };
};

const toContext = (context: string): Buffer => Buffer.from(`holdfast secret ${version} ${context}`, "utf8");

const unreadable = (context: string, cause?: unknown): HoldfastError =>
  new HoldfastError("SECRET_UNREADABLE", `the sealed secret of ${context} does not open with this installation's key`, {
    details: { context },
    cause,
  });
