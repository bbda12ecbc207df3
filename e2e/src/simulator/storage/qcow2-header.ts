import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { open } from "node:fs/promises";

const magic = 0x514649fb;
const maxNameBytes = 1023;

/** The backing file's name in a qcow2 file's header; cheaper than asking `qemu-img` for every file of a directory. */
export const readBackingName = async (path: string): Promise<string | undefined> => {
  await using file = await open(path, "r");
  const header = Buffer.alloc(24);
  await file.read(header, 0, header.length, 0);
  const [offset, size] = [Number(header.readBigUInt64BE(8)), header.readUInt32BE(16)];
  if (header.readUInt32BE(0) !== magic || size > maxNameBytes) {
    throw new HoldfastError("IO_FAILED", `${path} is not a qcow2 file`);
  }
  if (offset === 0) return undefined;
  const name = Buffer.alloc(size);
  await file.read(name, 0, size, offset);
  return name.toString("utf8");
};
