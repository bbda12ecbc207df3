import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import { startProcess } from "@holdfast/shared/process/child-process";

/** An image file whose bytes are the disk's. Disposing it removes what was made for it. */
export interface OpenedImage extends AsyncDisposable {
  readonly rawFile: string;
  /** Size of the disk, a whole number of MiB. */
  readonly sizeBytes: number;
}

/** How the names of unpacked images end; nothing else in their folder does. */
export const unpackedSuffix = ".unpacked.raw";

const MiB = 2 ** 20;
const qcow2Magic = Buffer.from("QFI\u00FB", "latin1");

/**
 * Opens a raw or qcow2 image; a qcow2 one is unpacked into `folder` by `qemu-img`, sparse, for the while. IMAGE_UNUSABLE when
 * it cannot be read or unpacked.
 */
export const openImage = async (
  { file, folder, name }: { readonly file: string; readonly folder: string; readonly name: string },
  signal: AbortSignal,
): Promise<OpenedImage> => {
  if (!(await isQcow2(file))) return { rawFile: file, sizeBytes: await sizeOf(file), [Symbol.asyncDispose]: nothing };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const rawFile = join(folder, `${name}${unpackedSuffix}`);
  const remove = (): Promise<void> => rm(rawFile, { force: true });
  try {
    await unpack(file, rawFile, signal);
    return { rawFile, sizeBytes: await sizeOf(rawFile), [Symbol.asyncDispose]: remove };
  } catch (caught) {
    await remove();
    throw caught;
  }
};

const nothing = (): Promise<void> => Promise.resolve();

const unusable = (file: string, words: string, cause?: unknown): HoldfastError =>
  new HoldfastError("IMAGE_UNUSABLE", `image ${file} ${words}`, { cause, details: { file } });

/** Length of a qcow2 header up to its incompatible features. */
const headerBytes = 80;

const isQcow2 = async (file: string): Promise<boolean> => {
  const header = await readHeader(file);
  if (header.byteLength === 0) throw unusable(file, "is empty");
  if (!header.subarray(0, qcow2Magic.byteLength).equals(qcow2Magic)) return false;
  if (header.byteLength < headerBytes) throw unusable(file, "ends in its header");
  const hasBackingFile = header.readBigUInt64BE(8) !== 0n;
  const hasDataFile = header.readUInt32BE(4) >= 3 && (header.readBigUInt64BE(72) & 4n) !== 0n;
  // Its bytes would come from any file that the controller may read.
  if (hasBackingFile || hasDataFile) throw unusable(file, "names another file that it builds on: flatten it first");
  return true;
};

const readHeader = async (file: string): Promise<Buffer> => {
  try {
    await using opened = await open(file, "r");
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (caught) {
    throw unusable(file, "cannot be read by the controller", caught);
  }
};

const sizeOf = async (file: string): Promise<number> => Math.ceil((await stat(file)).size / MiB) * MiB;

const unpack = async (file: string, rawFile: string, signal: AbortSignal): Promise<void> => {
  const lines: string[] = [];
  await using child = await start(file, rawFile, lines);
  const { code } = await orAborted(child.exited, signal);
  if (code !== 0) throw unusable(file, `cannot be unpacked: ${lines.slice(-3).join("; ")}`);
};

const start = async (file: string, rawFile: string, lines: string[]) => {
  try {
    return await startProcess({
      name: "qemu-img",
      command: "qemu-img",
      // The format is said, so that a raw image cannot pose as one that names other files.
      args: ["convert", "-f", "qcow2", "-O", "raw", file, rawFile],
      onLine: (line) => lines.push(line),
    });
  } catch (caught) {
    throw unusable(
      file,
      "is qcow2, and qemu-img, which unpacks it, is not installed on the controller's machine",
      caught,
    );
  }
};
