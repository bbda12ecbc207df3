import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { fromSeed, type KeyPair } from "nats-jwt";

/** RFC 4648's base 32, which NKeys are written in without padding. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The kind of a private key written out; the others are in their seeds. */
const privateKind = 0x78;

/** What stands before the 32 bytes of an Ed25519 key in its PKCS #8 form. */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * An NKey whose signatures and public form are made by Node's own Ed25519: the library's takes milliseconds in JavaScript for each
 * use of a key, and several for each JWT. A seed that is none is refused by the library.
 */
export const openNKey = (seed: string): KeyPair => {
  const pair = fromSeed(Buffer.from(seed)) as KeyPair;
  // Three bits of the key's kind stand at the end of the first byte, five at the start of the second.
  const raw = fromBase32(seed);
  const kind = (((raw[0] ?? 0) & 0b111) << 5) | ((raw[1] ?? 0) >> 3);
  const rawSeed = raw.subarray(2, 34);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, rawSeed]), format: "der", type: "pkcs8" });
  const rawKey = rawPublic(key);
  const publicKey = encode(kind, rawKey);
  return {
    getPublicKey: () => publicKey,
    getPrivateKey: () => Buffer.from(encode(privateKind, Buffer.concat([rawSeed, rawKey]))),
    getSeed: () => pair.getSeed(),
    sign: (input) => sign(null, input, key),
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => {
      pair.clear();
    },
  };
};

const rawPublic = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");

const encode = (kind: number, key: Buffer): string => {
  const body = Buffer.concat([Buffer.of(kind), key]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(body));
  return toBase32(Buffer.concat([body, checksum]));
};

/** The checksum of NKeys: polynomial 0x1021, from 0. */
const crc16 = (bytes: Buffer): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
};

const fromBase32 = (text: string): Buffer => {
  const bits = Array.from(text, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};

const toBase32 = (bytes: Buffer): string => {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
};
