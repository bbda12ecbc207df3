import { createHash } from "node:crypto";
import { runTool } from "../storage/child.ts";

type Digest = (bytes: Uint8Array) => Buffer | Promise<Buffer>;

/** BLAKE2b of 32 bytes, which Node's own cannot be cut to: coreutils has it. */
const blake2b: Digest = async (bytes) =>
  Buffer.from((await runTool("b2sum", ["--length=256"], bytes)).split(" ")[0] ?? "", "hex");

const nodes =
  (name: string): Digest =>
  (bytes) =>
    createHash(name).update(bytes).digest();

/** Every algorithm that the daemon offers, by its names. */
export const digests: ReadonlyMap<string, Digest> = new Map([
  ["blake2b", blake2b],
  ["blake2s", nodes("blake2s256")],
  ["sha1", nodes("sha1")],
  ["sha256", nodes("sha256")],
  ["sha512", nodes("sha512")],
]);
