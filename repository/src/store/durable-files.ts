import { link, mkdir, open, unlink } from "node:fs/promises";

/** A new file being written. */
export interface WritableFile {
  /** Appends all of it, however often the system takes less. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Called at most once: what a failed sync forgot, a second one does not bring back. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The steps of durable writing, one call of the system each, so that tests can fail or stop at every single one. */
export interface DurableFiles {
  /** Creates a file that must not exist. */
  create(path: string): Promise<WritableFile>;
  /** Gives a file a second name, which must not exist. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

const totalLength = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.byteLength, 0);

const openForWriting = async (path: string): Promise<WritableFile> => {
  const handle = await open(path, "wx", 0o640);
  return {
    write: async (parts) => {
      const { bytesWritten } = await handle.writev([...parts]);
      if (bytesWritten < totalLength(parts)) await handle.writeFile(Buffer.concat(parts).subarray(bytesWritten));
    },
    sync: async () => {
      await handle.sync();
    },
    close: async () => {
      await handle.close();
    },
  };
};

/** The operating system's files. */
export const systemFiles: DurableFiles = {
  create: openForWriting,
  link,
  unlink,
  makeDirectory: async (path) => {
    await mkdir(path, { mode: 0o750 });
  },
  syncDirectory: async (path) => {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
