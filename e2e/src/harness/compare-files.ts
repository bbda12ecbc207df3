import { open } from "node:fs/promises";

const stepBytes = 1024 * 1024;

/** Where two files first differ, in words; undefined when they are equal, length included. */
export const findDifference = async (leftPath: string, rightPath: string): Promise<string | undefined> => {
  await using left = await open(leftPath);
  await using right = await open(rightPath);
  const leftSize = (await left.stat()).size;
  const rightSize = (await right.stat()).size;
  if (leftSize !== rightSize) return `${leftPath} has ${leftSize} bytes, ${rightPath} has ${rightSize}`;

  const leftBytes = Buffer.alloc(stepBytes);
  const rightBytes = Buffer.alloc(stepBytes);
  for (let offset = 0; offset < leftSize; offset += stepBytes) {
    const length = Math.min(stepBytes, leftSize - offset);
    await left.read(leftBytes, 0, length, offset);
    await right.read(rightBytes, 0, length, offset);
    if (leftBytes.compare(rightBytes, 0, length, 0, length) !== 0) {
      const at = offset + firstDifference(leftBytes, rightBytes, length);
      return `${leftPath} and ${rightPath} differ at byte ${at} (chunk ${Math.floor(at / stepBytes)} of 1 MiB)`;
    }
  }
  return undefined;
};

const firstDifference = (left: Buffer, right: Buffer, length: number): number => {
  for (let index = 0; index < length; index += 1) if (left[index] !== right[index]) return index;
  return length;
};
