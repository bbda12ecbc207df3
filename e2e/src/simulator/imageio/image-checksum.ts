import type { NbdConnection } from "@holdfast/shared/nbd/connection";
import { digests } from "./digest.ts";
import { badRequest } from "./refusal.ts";

const MiB = 1024 * 1024;
const blockRule = { minimum: MiB, maximum: 16 * MiB, multiple: 4096, usual: 4 * MiB };

/** What a request for a checksum asks for. */
export interface ChecksumRequest {
  readonly algorithm: string;
  readonly blockBytes: number;
}

/** The daemon's names of the algorithms that it offers. */
export const checksumAlgorithms = (): readonly string[] => [...digests.keys()];

/** Reads `algorithm` and `block_size`; 400 for what is not offered. */
export const parseChecksumRequest = (query: URLSearchParams): ChecksumRequest => {
  const algorithm = query.get("algorithm") ?? "blake2b";
  const blockBytes = Number(query.get("block_size") ?? blockRule.usual);
  if (!digests.has(algorithm)) throw badRequest(`Unsupported algorithm '${algorithm}'`);
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
  const digest = digests.get(request.algorithm);
  if (digest === undefined) throw badRequest(`Unsupported algorithm '${request.algorithm}'`);
  const block = Buffer.allocUnsafe(request.blockBytes);
  const ofBlocks: Buffer[] = [];
  for (let offset = 0; offset < sizeBytes; offset += block.length) {
    const part = block.subarray(0, Math.min(block.length, sizeBytes - offset));
    await volume.read(part, offset);
    ofBlocks.push(await digest(part));
  }
  return (await digest(Buffer.concat(ofBlocks))).toString("hex");
};
