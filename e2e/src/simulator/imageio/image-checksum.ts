import type { NbdConnection } from "@holdfast/shared/nbd/connection";
import { createHash } from "node:crypto";
import { badRequest } from "./refusal.ts";

/** The daemon's names of algorithms, and Node's; BLAKE2b with 32 bytes is not among those that Node has. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ["blake2s", "blake2s256"],
  ["sha1", "sha1"],
  ["sha256", "sha256"],
  ["sha512", "sha512"],
]);

const MiB = 1024 * 1024;
const blockRule = { minimum: MiB, maximum: 16 * MiB, multiple: 4096, usual: 4 * MiB };

/** What a request for a checksum asks for. */
export interface ChecksumRequest {
  readonly algorithm: string;
  readonly blockBytes: number;
}

/** The daemon's names of the algorithms that it offers. */
export const checksumAlgorithms = (): readonly string[] => [...algorithms.keys()];

/** Reads `algorithm` and `block_size`; 400 for what is not offered. */
export const parseChecksumRequest = (query: URLSearchParams): ChecksumRequest => {
  const algorithm = query.get("algorithm") ?? "blake2b";
  const blockBytes = Number(query.get("block_size") ?? blockRule.usual);
  if (!algorithms.has(algorithm)) throw badRequest(`Unsupported algorithm '${algorithm}'`);
  const { minimum, maximum, multiple } = blockRule;
  if (!Number.isInteger(blockBytes) || blockBytes < minimum || blockBytes > maximum || blockBytes % multiple !== 0) {
    throw badRequest(`Unsupported block_size ${query.get("block_size")}`);
  }
  return { algorithm, blockBytes };
};

/** The hash of the hashes of all blocks, the last one short. */
export const imageChecksum = async (
  volume: NbdConnection,
  sizeBytes: number,
  request: ChecksumRequest,
): Promise<string> => {
  const name = algorithms.get(request.algorithm) ?? request.algorithm;
  const whole = createHash(name);
  const block = Buffer.allocUnsafe(request.blockBytes);
  for (let offset = 0; offset < sizeBytes; offset += block.length) {
    const part = block.subarray(0, Math.min(block.length, sizeBytes - offset));
    await volume.read(part, offset);
    whole.update(createHash(name).update(part).digest());
  }
  return whole.digest("hex");
};
