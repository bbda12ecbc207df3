import { scryptSync } from "node:crypto";
import { join } from "node:path";
import { require, sha256, uuidBytes } from "./bytes.ts";
import { names } from "./names.ts";
import { hkdf, hmac, openGcm } from "./seal.ts";
import { type Fields, numberOf, readSmallObject, textOf } from "./small-object.ts";

/** What opens an encrypted repository: one of the two. */
export type Secret = { readonly password: string } | { readonly recoveryKey: string };

/** The keys of a repository (§10.1). */
export interface Keys {
  readonly idKey: Buffer;
  /** By key id, in hexadecimal digits. */
  readonly contentKeys: ReadonlyMap<string, Buffer>;
  readonly manifestKeys: ReadonlyMap<string, Buffer>;
}

/** Opens the highest list of keys (§10.3) and derives all of them; throws when the secret is none of this repository's. */
export const readKeys = async (root: string, descriptor: Fields, secret: Secret): Promise<Keys> => {
  const repositoryId = textOf(descriptor, "repositoryId");
  const encryption = descriptor["encryption"] as Fields;
  require(encryption["scheme"] === 1, "the scheme of encryption");
  const list = await highestList(root, repositoryId);
  const master = openMaster(list["wraps"] as readonly Fields[], uuidBytes(repositoryId), secret);
  const idKey = hkdf(master, "holdfast id key v1");
  require(hmac(idKey, Buffer.from("holdfast key check v1")).toString("hex") ===
    encryption["keyCheck"], "the master key");
  const keyIds = (list["keyIds"] as readonly string[]).map((id) => Buffer.from(id, "hex"));
  require(codeOf(master, list, keyIds) === list["code"], "the code of a list of keys");
  const derived = (info: string): Map<string, Buffer> =>
    new Map(keyIds.map((id) => [id.toString("hex"), hkdf(master, info, id)]));
  return {
    idKey,
    contentKeys: derived("holdfast content key v1"),
    manifestKeys: derived("holdfast manifest key v1"),
  };
};

/** The highest list that is whole and says the number of its name. */
const highestList = async (root: string, repositoryId: string): Promise<Fields> => {
  for (const name of (await names(join(root, "keys"))).toSorted().toReversed()) {
    const list = await readSmallObject(join(root, "keys", name), "keys", repositoryId).catch(() => undefined);
    if (list?.["number"] === Number.parseInt(name, 16)) return list;
  }
  throw new Error("no list of keys is whole");
};

const codeOf = (master: Buffer, list: Fields, keyIds: readonly Buffer[]): string => {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(numberOf(list, "number"));
  const active = Buffer.from(textOf(list, "activeKeyId"), "hex");
  return hmac(hkdf(master, "holdfast key list v1"), number, active, ...keyIds).toString("hex");
};

/** The first wrap that the secret opens. */
const openMaster = (wraps: readonly Fields[], repositoryId: Buffer, secret: Secret): Buffer => {
  for (const wrap of wraps) {
    const key = wrappingKey(wrap, secret);
    if (!key) continue;
    const associated = Buffer.concat([Buffer.from(`holdfast ${textOf(wrap, "kind")} wrap v1`), repositoryId]);
    try {
      return openGcm(key, bytesOf(wrap, "nonce"), associated, bytesOf(wrap, "sealed"));
    } catch {
      continue;
    }
  }
  throw new Error("no list of keys opens with that");
};

const wrappingKey = (wrap: Fields, secret: Secret): Buffer | undefined => {
  const kind = textOf(wrap, "kind");
  if (kind === "recovery" && "recoveryKey" in secret)
    return hkdf(recoveryKeyOf(secret.recoveryKey), "holdfast recovery wrap v1");
  if (kind !== "scrypt" || !("password" in secret)) return undefined;
  const [N, r, p] = [numberOf(wrap, "N"), numberOf(wrap, "r"), numberOf(wrap, "p")];
  const password = Buffer.from(secret.password.normalize("NFC"), "utf8");
  return scryptSync(password, bytesOf(wrap, "salt"), 32, { N, r, p, maxmem: 2 * 128 * N * r });
};

/** The key that was written down in 56 digits of base 32, its checksum looked at. */
const recoveryKeyOf = (text: string): Buffer => {
  const digits = text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  require(digits.length === 56, "a recovery key's length");
  const bits = Array.from(digits, (digit) => base32.indexOf(digit).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from(Array.from({ length: 35 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2)));
  const key = bytes.subarray(0, 32);
  const check = sha256(Buffer.from("holdfast recovery key v1"), key).subarray(0, 3);
  require(check.equals(bytes.subarray(32)), "a recovery key's checksum");
  return key;
};

const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const bytesOf = (fields: Fields, key: string): Buffer => Buffer.from(textOf(fields, key), "hex");
